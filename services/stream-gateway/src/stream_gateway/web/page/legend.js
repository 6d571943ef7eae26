/** What the colours and forms mean, and what the categories cost tonight. */

import { h } from './dom.js';
import { MOST_BUTTONS } from './plan/plan.js';
import { money } from './format.js';
import { categoryPrice } from './venue.js';

const LOOKS = [
  ['available', 'Free'],
  ['held', 'Held by someone'],
  ['unavailable', 'Taken'],
  ['mine', 'Yours'],
  ['pending', 'Asking'],
];

export function legend(venue, date, slotId) {
  const categories = [...venue.categories.values()];
  const priced = categories.some((category) => categoryPrice(venue, category, date, slotId) > 0);
  return h(
    'div.legend',
    { className: venue.places.length > MOST_BUTTONS ? 'legend round' : 'legend' },
    h(
      'ul',
      { 'aria-label': 'States' },
      LOOKS.map(([look, word]) => h('li', {}, h('i.swatch', { 'data-look': look }), word)),
    ),
    h(
      'ul',
      { 'aria-label': priced ? 'Prices' : 'Categories' },
      categories.map((category) => {
        const dot = h('i.dot');
        dot.style.background = category.colour;
        const price = categoryPrice(venue, category, date, slotId);
        return h(
          'li',
          {},
          dot,
          category.name,
          priced ? h('b', {}, money(price, venue.currency)) : null,
        );
      }),
    ),
  );
}
