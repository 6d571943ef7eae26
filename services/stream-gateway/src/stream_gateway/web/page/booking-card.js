/** A booking of ours. */

import { h } from './dom.js';
import { list, money } from './format.js';

const TITLES = {
  confirmed: 'Booked',
  checked_in: 'Checked in',
  pending_approval: 'Requested, waiting for approval',
};

export function bookingCard(booking, venue) {
  const names = booking.items.map((item) => {
    const name = venue.byId.get(item.sectionId)?.name ?? item.sectionId;
    return item.quantity > 1 ? `${item.quantity} × ${name}` : name;
  });
  return h(
    'article.card.booking',
    { 'data-status': booking.status },
    h('h3', {}, TITLES[booking.status] ?? booking.status),
    h('p', {}, list(names, 6)),
    h(
      'p.muted.small',
      {},
      'Reference ',
      h('strong.reference', {}, booking.reference),
      ` · ${money(booking.totalAmount, booking.currency)}`,
    ),
  );
}
