/**
 * The server's time, told from what it sends; what is due is due by that clock, never by ours.
 *
 * A stamp is always older on arrival than when it was made, so of the last few the one that puts
 * the server furthest ahead was delayed least. Only a few are kept: then a change of the local
 * clock, or a computer that slept, is forgotten soon.
 */

const SAMPLES = 8;

export class ServerClock {
  #offsets = [];
  #now;

  /** @param {() => number} now  local milliseconds since 1970 */
  constructor(now = Date.now) {
    this.#now = now;
  }

  /** @param {string|undefined} serverTime  RFC 3339 */
  learn(serverTime) {
    const offset = Date.parse(serverTime) - this.#now();
    if (Number.isNaN(offset)) return;
    this.#offsets.push(offset);
    if (this.#offsets.length > SAMPLES) this.#offsets.shift();
  }

  /** Milliseconds since 1970 by the server's clock; by ours as long as nothing was learned. */
  now() {
    return this.#now() + (this.#offsets.length > 0 ? Math.max(...this.#offsets) : 0);
  }
}
