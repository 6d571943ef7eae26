/** What places are called and how they are, in words: for labels, tips and messages. */

import { list, money } from './format.js';
import { party, priceOf } from './venue.js';

const LOOKS = {
  held: 'held by someone',
  unavailable: 'taken',
  mine: 'held by you',
  booked: 'booked by you',
  absent: 'not part of this slot',
  unknown: 'not known yet',
};

/** What only staff are told. */
const STATES = {
  pending_approval: 'awaiting approval',
  confirmed: 'booked',
  blocked: 'blocked',
};

export class PlaceWords {
  #venue;
  #board;
  #where;

  /** @param {{date: string, slotId: string}} where */
  constructor(venue, board, where) {
    this.#venue = venue;
    this.#board = board;
    this.#where = where;
  }

  name(id) {
    return this.#venue.byId.get(id)?.name ?? id;
  }

  names(ids) {
    return list(ids.map((id) => this.name(id)));
  }

  /** '' where it costs nothing. */
  price(place) {
    const price = priceOf(this.#venue, place, this.#where.date, this.#where.slotId);
    return price > 0 ? money(price, this.#venue.currency) : '';
  }

  /** `Table 12, takes 2 to 4, £25, free` */
  label(place) {
    const { look, state, free, total, own, pending, selected } = this.#board.look(place.id);
    const many = total > 1 && look === 'available';
    const taken = look === 'unavailable' ? STATES[state] : undefined;
    return [
      place.name,
      party(place),
      this.price(place),
      many ? `${free} of ${total} free` : (taken ?? LOOKS[look] ?? 'free'),
      many && own > 0 ? `${own} yours` : '',
      pending ? 'asking for it' : selected ? 'selected' : '',
    ]
      .filter(Boolean)
      .join(', ');
  }
}
