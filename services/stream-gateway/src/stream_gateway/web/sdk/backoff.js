/**
 * How long to wait before trying again: anywhere between nothing and a bound that doubles, so that
 * clients that were cut together do not come back together.
 */

const FIRST_MS = 500;
const LIMIT_MS = 30_000;

/**
 * @param {number} attempt  1 for the first
 * @param {() => number} random  in [0, 1)
 * @returns {number} milliseconds
 */
export function backoff(attempt, random = Math.random) {
  const bound = Math.min(LIMIT_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(random() * bound);
}
