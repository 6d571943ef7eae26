/** What is selected, what it costs, and the button that asks for it. */

import { fill, h } from './dom.js';
import { money } from './format.js';
import { countByKind, features, party, priceOf } from './venue.js';

const MOST_ROWS = 8;
const USUAL_PARTY = 2;

export class SelectionCard {
  element = h('section.card.selection', { 'aria-label': 'Your selection', hidden: true });
  #night;
  #said = null;
  #shown = '';
  #busy = false;

  /**
   * @param {{venue: object, board: object, date: string, slotId: string, role: () => string,
   *   hold: () => void, enter: () => void}} night
   */
  constructor(night) {
    this.#night = night;
  }

  busy(busy) {
    this.#busy = busy;
    this.render();
  }

  /** Called once a frame while the stream is busy: a button that is replaced under the pointer loses
   * its click, so the card is made anew only where it would be another. */
  render() {
    const shown = this.#fingerprint();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#fill();
  }

  #fingerprint() {
    const { board, role } = this.#night;
    const chosen = [...board.selection].map((id) => [
      id,
      board.quantities.get(id),
      board.look(id).free,
    ]);
    return JSON.stringify([chosen, this.#busy, role(), this.#said]);
  }

  #fill() {
    const places = this.#places();
    this.element.hidden = places.length === 0;
    if (places.length === 0) {
      fill(this.element);
      return;
    }
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.dataset.part
      : null;
    fill(
      this.element,
      h('header.card-head', {}, h('h3', {}, `${countByKind(places)} selected`), this.#clear()),
      h(
        'ul.items',
        {},
        places.slice(0, MOST_ROWS).map((place) => this.#row(place)),
      ),
      places.length > MOST_ROWS
        ? h('p.muted.small', {}, `and ${places.length - MOST_ROWS} more`)
        : null,
      this.#party(places),
      this.#button(places),
    );
    if (focused) this.element.querySelector(`[data-part="${CSS.escape(focused)}"]`)?.focus();
  }

  /** How many come, or null where nothing selected asks for it. */
  get guests() {
    const places = this.#places();
    if (!places.some(({ section }) => section.partyMax != null)) return null;
    const { least, most } = bounds(places);
    return this.#said ?? Math.max(least, Math.min(USUAL_PARTY, most));
  }

  #places() {
    const { venue, board } = this.#night;
    return [...board.selection].map((id) => venue.byId.get(id)).filter(Boolean);
  }

  #amount(place) {
    const { venue, board, date, slotId } = this.#night;
    return priceOf(venue, place, date, slotId) * (board.quantities.get(place.id) ?? 1);
  }

  #row(place) {
    const { venue, board } = this.#night;
    const about = [party(place), ...features(place)].filter(Boolean).join(' · ');
    return h(
      'li',
      {},
      h(
        'div',
        {},
        h('span', {}, place.name),
        about ? h('span.muted.small.about', {}, about) : null,
      ),
      board.look(place.id).total > 1 && place.seats.length === 0 ? this.#stepper(place) : null,
      this.#amount(place) > 0 ? h('span', {}, money(this.#amount(place), venue.currency)) : null,
      h(
        'button.icon',
        {
          type: 'button',
          'aria-label': `Remove ${place.name}`,
          'data-part': `remove ${place.id}`,
          onclick: () => board.toggle(place.id),
        },
        '×',
      ),
    );
  }

  #stepper(place) {
    const { board } = this.#night;
    const quantity = board.quantities.get(place.id) ?? 1;
    const step = (label, sign, by) =>
      h(
        'button.icon',
        {
          type: 'button',
          'aria-label': `${label} ${place.name}`,
          'data-part': `${label} ${place.id}`,
          disabled: quantity + by < 1 || quantity + by > board.look(place.id).free,
          onclick: () => board.setQuantity(place.id, quantity + by),
        },
        sign,
      );
    return h(
      'span.stepper',
      {},
      step('fewer at', '−', -1),
      h('output', {}, String(quantity)),
      step('more at', '+', 1),
    );
  }

  #party(places) {
    const { guests } = this;
    if (guests === null) return null;
    const { least, most } = bounds(places);
    const misfit = guests > most || guests < least;
    return h(
      'label.field.guests',
      {},
      'Guests',
      h('input', {
        type: 'number',
        min: 1,
        max: 999,
        value: guests,
        inputMode: 'numeric',
        'data-part': 'guests',
        'aria-invalid': misfit,
        onchange: (event) => {
          this.#said = Math.max(1, Math.min(999, Math.round(event.target.valueAsNumber) || 1));
          this.render();
        },
      }),
      misfit ? h('span.small.warn', {}, `takes ${least} to ${most}`) : null,
    );
  }

  #button(places) {
    const { venue, role, hold, enter } = this.#night;
    const sum = places.reduce((before, place) => before + this.#amount(place), 0);
    const total = sum > 0 ? money(sum, venue.currency) : '';
    if (role() !== 'none') {
      const minutes = Math.round(venue.policy.holdTtlSeconds / 60);
      return [
        h(
          'button.primary.big',
          { type: 'button', disabled: this.#busy, 'data-part': 'hold', onclick: hold },
          this.#busy ? 'Asking…' : 'Hold',
          h('span', {}, total),
        ),
        h(
          'p.muted.small.centre',
          {},
          `Kept for you for ${minutes} minutes. Nothing to pay for that.`,
        ),
      ];
    }
    return h(
      'button.primary.big',
      { type: 'button', disabled: this.#busy, 'data-part': 'hold', onclick: enter },
      venue.policy.guestCheckout ? 'Hold as a guest' : 'Sign in to hold',
      h('span', {}, total),
    );
  }

  #clear() {
    const { board } = this.#night;
    return h(
      'button.quiet.small',
      { type: 'button', 'data-part': 'clear', onclick: () => board.select([]) },
      'Clear',
    );
  }
}

/** The smallest and the largest party that places take together, by the server's rule. */
function bounds(places) {
  return {
    least: Math.min(...places.map(({ section }) => section.partyMin ?? 1)),
    most: places.reduce((sum, { section }) => sum + (section.partyMax ?? Infinity), 0),
  };
}
