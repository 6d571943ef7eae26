/** The column beside the plan: which night it is, what is ours, what is selected. */

import { bestCard } from './best-card.js';
import { bookingCard } from './booking-card.js';
import { fill, h } from './dom.js';
import { clock, day, number } from './format.js';
import { HoldCard } from './hold-card.js';
import { legend } from './legend.js';
import { SelectionCard } from './selection-card.js';

export class Panel {
  #hosts;
  #night;
  #selection;
  #cards = new Map();
  #holds = h('div.stack');
  #bookings = h('div.stack');
  #booked = null;
  #free = h('p.free');
  #when = h('p.muted');
  #watching = h('p.muted', { hidden: true });
  #hint = h('p.hint.muted');

  /** @param {{about: HTMLElement, cards: HTMLElement, legend: HTMLElement}} hosts */
  constructor(hosts, night) {
    this.#hosts = hosts;
    this.#night = night;
    const { venue, date, slotId } = night;
    this.#selection = new SelectionCard(night);
    fill(hosts.about, h('h1', {}, venue.name), this.#when, this.#free, this.#watching);
    fill(
      hosts.cards,
      this.#holds,
      this.#selection.element,
      this.#hint,
      this.#bookings,
      bestCard(night),
    );
    fill(hosts.legend, legend(venue, date, slotId), night.zoom);
    this.#when.textContent = `${day(date)} · ${venue.slots.get(slotId)?.name || slotId}`;
  }

  /** The party's size to send, or null where nothing selected has one. */
  get guests() {
    return this.#selection.guests;
  }

  /** @param {object} snapshot  its head */
  night({ startsAt, endsAt, timezone }) {
    const { venue, date, slotId } = this.#night;
    const times = `${clock(startsAt, timezone)}–${clock(endsAt, timezone)}`;
    const name = venue.slots.get(slotId)?.name || slotId;
    const text = [day(date), times, name.includes(':') ? '' : name].filter(Boolean).join(' · ');
    if (this.#when.textContent !== text) this.#when.textContent = text;
  }

  /** @param {number|null} viewers  how many look at this night, ourselves among them */
  watched(viewers) {
    this.#watching.hidden = viewers === null;
    this.#watching.textContent = viewers === 1 ? 'Only you are watching' : `${viewers} are watching`;
  }

  render() {
    const { board, own } = this.#night;
    this.#selection.render();
    this.#showHolds(own.holds);
    this.#showBookings(own.bookings);
    const { free, total } = board.free();
    this.#free.textContent = total === 0 ? '\u00a0' : `${number(free)} of ${number(total)} free`;
    const idle = board.selection.size === 0 && own.holds.length === 0;
    const none = 'Everything is taken. When something comes free, it shows here at once.';
    this.#hint.textContent = !idle || total === 0 ? '' : free === 0 ? none : 'Choose on the plan.';
    this.#hint.hidden = this.#hint.textContent === '';
  }

  tick() {
    for (const card of this.#cards.values()) card.tick();
  }

  /** @param {object|null} hold  the one a command is about; null: the selection */
  busy(busy, hold) {
    if (hold) this.#cards.get(hold.holdId)?.busy(busy);
    else this.#selection.busy(busy);
  }

  /** Brings our hold into view, ready to confirm. */
  showOwn(holdId) {
    const card = this.#cards.get(holdId) ?? [...this.#cards.values()].at(-1);
    card?.element.scrollIntoView({ block: 'nearest' });
    card?.element.querySelector('input')?.focus({ preventScroll: true });
  }

  remove() {
    for (const host of Object.values(this.#hosts)) fill(host);
  }

  #showBookings(bookings) {
    if (bookings === this.#booked) return;
    this.#booked = bookings;
    fill(
      this.#bookings,
      bookings.map((booking) => bookingCard(booking, this.#night.venue)),
    );
  }

  #showHolds(holds) {
    const { venue, clock: time } = this.#night;
    for (const [id, card] of this.#cards) {
      if (holds.some(({ holdId }) => holdId === id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    for (const hold of holds) {
      const card = this.#cards.get(hold.holdId);
      if (card) card.update(hold);
      else {
        const fresh = new HoldCard({ hold, venue, clock: time, actions: this.#night });
        this.#cards.set(hold.holdId, fresh);
        this.#holds.append(fresh.element);
      }
    }
  }
}
