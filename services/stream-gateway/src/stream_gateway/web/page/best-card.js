/** "Choose for me": the server's best free places, selected for a look before they are held. */

import { h } from './dom.js';
import { money } from './format.js';
import { categoryPrice } from './venue.js';

const MOST = 10;
const WORTH_IT = 40;

/** @returns {HTMLElement|null} null where a look at the plan is quicker */
export function bestCard({ venue, date, slotId, find }) {
  const single = venue.places.filter((place) => place.seats.length === 0);
  if (single.length < WORTH_IT) return null;
  const limit = Math.min(MOST, venue.policy.maxSectionsPerHold);
  const used = [...venue.categories.values()].filter((category) =>
    single.some((place) => place.category === category),
  );
  const option = (value, text) => h('option', { value }, text);
  const form = h(
    'form.best',
    {
      onsubmit: (event) => {
        event.preventDefault();
        const { quantity, categoryId, adjacent } = Object.fromEntries(new FormData(event.target));
        find({
          quantity: Number(quantity),
          ...(categoryId && { categoryId }),
          adjacent: adjacent === 'on',
        });
      },
    },
    h(
      'label.field',
      {},
      'How many',
      h(
        'select',
        { name: 'quantity' },
        Array.from({ length: limit }, (_, index) => option(index + 1, String(index + 1))),
      ),
    ),
    h(
      'label.field',
      {},
      'Where',
      h(
        'select',
        { name: 'categoryId' },
        option('', 'Anywhere'),
        used.map((category) =>
          option(
            category.categoryId,
            `${category.name} · ${money(categoryPrice(venue, category, date, slotId), venue.currency)}`,
          ),
        ),
      ),
    ),
    h(
      'label.check',
      {},
      h('input', { type: 'checkbox', name: 'adjacent', checked: true }),
      'Side by side',
    ),
    h('button.secondary', { type: 'submit' }, 'Find the best'),
  );
  form.elements.quantity.value = '2';
  return h('section.card', {}, h('h3', {}, 'Choose for me'), form);
}
