/**
 * What each place looks like now: the stream's truth, what is ours, what we asked for, what we point
 * at. The one who asks `look` sees all four; nothing here ever writes into the stream's sections.
 *
 * Looks: unknown (no snapshot yet), absent (takes no part in the slot), available, held,
 * unavailable, mine (held by us), booked (by us). Staff are sent more states than that; `state` has
 * the one that was sent.
 */

const TAKEN = new Set(['pending_approval', 'confirmed', 'blocked']);

export class Board {
  #venue;
  #marks;
  #sections = new Map();
  #own = new Map();
  #changed;
  selection = new Set();
  quantities = new Map();

  /** @param {(placeIds: string[]|null) => void} changed  null: any of them */
  constructor(venue, marks, changed) {
    this.#venue = venue;
    this.#marks = marks;
    this.#changed = changed;
  }

  look(id) {
    const section = this.#sections.get(id);
    const own = this.#own.get(id) ?? null;
    const capacity = section?.capacity ?? { total: 1, available: 0 };
    return {
      look: this.#word(section, own),
      state: section?.state ?? null,
      free: capacity.available,
      total: capacity.total,
      own: own?.quantity ?? 0,
      until: section?.heldUntil ?? null,
      pending: this.#marks.has(id),
      selected: this.selection.has(id),
    };
  }

  #word(section, own) {
    if (!section) return this.#sections.size > 0 ? 'absent' : 'unknown';
    const whole = section.capacity.total === 1 || section.capacity.available === 0;
    if (own && whole) return own.look;
    return TAKEN.has(section.state) ? 'unavailable' : section.state;
  }

  /** A table goes as a whole, so all of its seats must be free. */
  canSelect(id) {
    const { look, free, total, pending } = this.look(id);
    const whole = (this.#venue.byId.get(id)?.seats.length ?? 0) > 0;
    return look === 'available' && !pending && (!whole || free === total);
  }

  /** @returns {boolean} whether anything changed */
  toggle(id) {
    if (this.selection.has(id)) {
      this.#drop(id);
      this.#changed([id]);
      return true;
    }
    if (!this.canSelect(id)) return false;
    const place = this.#venue.byId.get(id);
    // A table takes its seats: naming both would ask for a seat twice.
    const related = [place.parent?.id, ...place.seats.map((seat) => seat.id)].filter((other) =>
      this.selection.has(other),
    );
    related.forEach((other) => this.#drop(other));
    this.selection.add(id);
    this.#changed([id, ...related]);
    return true;
  }

  select(ids) {
    const before = [...this.selection];
    before.forEach((id) => this.#drop(id));
    const chosen = ids.filter((id) => this.#venue.byId.has(id) && this.canSelect(id));
    chosen.forEach((id) => this.selection.add(id));
    this.#changed([...before, ...chosen]);
    return chosen;
  }

  setQuantity(id, quantity) {
    this.quantities.set(id, Math.max(1, Math.min(quantity, this.look(id).free)));
    this.#changed([id]);
  }

  /** @param {string[]|null} changed  @returns {string[]} what was selected and has gone */
  show(sections, changed) {
    this.#sections = sections;
    const gone = this.prune();
    this.#changed(changed);
    return gone;
  }

  /** @returns {string[]} selected places that are not to be had any more; they are let go */
  prune() {
    const gone = [...this.selection].filter((id) => !this.#marks.has(id) && !this.canSelect(id));
    gone.forEach((id) => this.#drop(id));
    if (gone.length > 0) this.#changed(gone);
    return gone;
  }

  /** Ours, by the server's word. @param {object[]} holds  active  @param {object[]} bookings  active */
  own(holds, bookings) {
    const before = this.#own;
    this.#own = new Map();
    for (const hold of holds) this.#claim(hold, 'mine');
    for (const booking of bookings) this.#claim(booking, 'booked');
    for (const place of this.#venue.places) {
      const looks = place.seats.map((seat) => this.#own.get(seat.id)?.look);
      if (looks.length > 0 && looks.every((look) => look && look === looks[0])) {
        this.#own.set(place.id, { look: looks[0], quantity: place.seats.length });
      }
    }
    this.#changed([...new Set([...before.keys(), ...this.#own.keys()])]);
  }

  pending() {
    return this.#marks.ids();
  }

  isOwn(id) {
    return this.#own.has(id);
  }

  /** How many places are free and how many there are; a table's seats count, not the table. */
  free() {
    let [free, total] = [0, 0];
    for (const [id, { capacity }] of this.#sections) {
      if ((this.#venue.byId.get(id)?.seats.length ?? 0) > 0) continue;
      free += capacity.available;
      total += capacity.total;
    }
    return { free, total };
  }

  #claim({ sectionIds, items }, look) {
    const quantities = new Map(items.map((item) => [item.sectionId, item.quantity ?? 1]));
    for (const id of sectionIds) {
      const quantity = (quantities.get(id) ?? 1) + (this.#own.get(id)?.quantity ?? 0);
      this.#own.set(id, { look, quantity });
    }
  }

  #drop(id) {
    this.selection.delete(id);
    this.quantities.delete(id);
  }
}
