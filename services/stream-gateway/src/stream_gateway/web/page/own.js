/**
 * What the bearer of the token has on this night: active holds and bookings, by the server's word.
 *
 * The public stream says only that a section changed, not for whom. So whenever one of ours changes
 * we ask: an approval, a payment that arrived, a hold that ended elsewhere.
 */

const QUIET_MS = 120;
const ACTIVE = new Set(['confirmed', 'pending_approval', 'checked_in']);

export class Own {
  holds = [];
  bookings = [];
  #queries;
  #channel;
  #clock;
  #changed;
  #timer = null;
  #latest = 0;

  /** @param {() => void} changed */
  constructor({ queries, channel, clock, changed }) {
    this.#queries = queries;
    this.#channel = channel;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Asks soon; many reasons within a moment are one question. */
  ask() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load().catch(() => undefined), QUIET_MS);
  }

  /** @throws what `me` throws */
  async load() {
    this.#latest += 1;
    const question = this.#latest;
    const [me, holds] = await Promise.all([this.#queries.me(), this.#forNobody()]);
    // A command that was answered since knows more than this does.
    if (question !== this.#latest) return;
    const here = (record) => record.channel === this.#channel;
    const bookings = this.bookings.filter(({ customerId }) => customerId === null);
    this.holds = [...me.holds.filter(here), ...holds].filter(({ status }) => status === 'active');
    this.bookings = [
      ...me.bookings.filter((booking) => here(booking) && ACTIVE.has(booking.status)),
      ...bookings,
    ];
    this.holds.forEach((hold) => this.#clock.learn(hold.serverTime));
    this.#changed();
  }

  /** What staff hold for nobody in particular is in nobody's list, so it is asked for by its id. */
  #forNobody() {
    const holds = this.holds.filter(({ customerId }) => customerId === null);
    return Promise.all(holds.map((hold) => this.#queries.hold(hold.holdId).catch(() => hold)));
  }

  /** @param {object} hold  the answer to a command */
  keepHold(hold) {
    this.#latest += 1;
    this.#clock.learn(hold.serverTime);
    const others = this.holds.filter(({ holdId }) => holdId !== hold.holdId);
    this.holds = hold.status === 'active' ? [...others, hold] : others;
    this.#changed();
  }

  /** @param {object} booking  what became of a hold */
  keepBooking(booking) {
    this.#latest += 1;
    this.#clock.learn(booking.serverTime);
    this.holds = this.holds.filter(({ holdId }) => holdId !== booking.holdId);
    const others = this.bookings.filter(({ bookingId }) => bookingId !== booking.bookingId);
    this.bookings = ACTIVE.has(booking.status) ? [...others, booking] : others;
    this.#changed();
  }

  dropHold(holdId) {
    this.#latest += 1;
    this.holds = this.holds.filter((hold) => hold.holdId !== holdId);
    this.#changed();
  }

  clear() {
    this.#latest += 1;
    this.holds = [];
    this.bookings = [];
    this.#changed();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#latest += 1;
  }
}
