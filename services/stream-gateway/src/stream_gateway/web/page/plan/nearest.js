/** The next place when somebody presses an arrow key: near, and rather straight ahead than aside. */

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function isArrow(key) {
  return key in WAYS;
}

/**
 * @param {Iterable<{x: number, y: number}>} places
 * @param {{x: number, y: number}} from
 * @param {string} key  `ArrowLeft` and the like
 */
export function nearest(places, from, key) {
  const [dx, dy] = WAYS[key];
  let [best, least] = [null, Infinity];
  for (const place of places) {
    const ahead = (place.x - from.x) * dx + (place.y - from.y) * dy;
    const aside = Math.abs((place.x - from.x) * dy) + Math.abs((place.y - from.y) * dx);
    if (ahead <= 0.01 || aside > ahead * 2) continue;
    const cost = ahead + aside * 2;
    if (cost < least) [best, least] = [place, cost];
  }
  return best;
}
