/**
 * Commands to the command-api: hold, extend, release, confirm.
 *
 * Every POST carries an Idempotency-Key, made once for each command and sent again with each retry:
 * when an answer gets lost the server repeats it instead of doing the thing twice. A DELETE needs
 * none, its repeats have the same answer.
 */

import { backoff } from './backoff.js';
import { path, Problem, request, Unreachable } from './request.js';

export { Problem, Unreachable };

const ATTEMPTS = 4;
const PASSING = new Set([429, 502, 503, 504]);
const LONGEST_PAUSE_MS = 5_000;

/**
 * @param {object} options
 * @param {string} options.commandApi  its address, for instance `http://localhost:8080`
 * @param {string} options.club
 * @param {string} options.venue
 * @param {string|null|(() => string|null)} options.token  bearer token
 * @param {typeof fetch} [options.fetch]
 * @param {(ms: number) => Promise<void>} [options.pause]
 */
export function commands({ commandApi, club, venue, token, fetch, pause = sleep }) {
  const holds = commandApi + path`/v1/clubs/${club}/venues/${venue}/holds`;
  const send = (url, method, body) =>
    persist(
      {
        url,
        method,
        body,
        token: typeof token === 'function' ? token() : token,
        key: method === 'POST' ? newKey() : undefined,
        fetch,
      },
      pause,
    );
  return {
    /** @param {object} body  `{date, slotId, sectionIds | bestAvailable, …}`; see the contracts */
    hold: (body) => send(holds, 'POST', body),
    extend: (holdId, body = {}) => send(holds + path`/${holdId}/extend`, 'POST', body),
    /** @param {object} body  `{contact: {name, email}, partySize?, …}` */
    confirm: (holdId, body) => send(holds + path`/${holdId}/confirm`, 'POST', body),
    release: (holdId) => send(holds + path`/${holdId}`, 'DELETE'),
  };
}

/** A token for somebody without an account, where the venue takes guests: `{token, customerId, expiresAt}`. */
export function guestSession({ commandApi, club, fetch }) {
  return request(commandApi + path`/v1/clubs/${club}/guest-sessions`, {
    method: 'POST',
    body: {},
    fetch,
  });
}

/** `crypto.randomUUID` is missing where the page came over plain HTTP from another machine. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function persist({ url, ...options }, pause) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request(url, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !passes(error)) throw error;
      const asked = error.retryAfterMs ?? 0;
      if (asked > LONGEST_PAUSE_MS) throw error;
      await pause(Math.max(asked, backoff(attempt)));
    }
  }
}

function passes(error) {
  if (error instanceof Unreachable) return true;
  // The first of our own tries is still being worked on.
  return (
    error instanceof Problem &&
    (PASSING.has(error.status) || error.code === 'IDEMPOTENCY_IN_PROGRESS')
  );
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
