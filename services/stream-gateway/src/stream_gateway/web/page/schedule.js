/** Which nights there are: a strip of dates and the slots of one, with free counts. */

import { fill, h } from './dom.js';
import { clock, dateAt, day } from './format.js';

const DAYS = 21;
const DAY_MS = 86_400_000;

/**
 * @returns {Promise<object[]>} calendar slots that are not over, in time order. The night before
 *   today counts too: after midnight it still goes on.
 */
export async function nights(queries, timezone, now) {
  const { items } = await queries.calendar(dateAt(now - DAY_MS, timezone), DAYS);
  return items
    .filter((slot) => Date.parse(slot.endsAt) > now)
    .sort((a, b) => a.startsAt.localeCompare(b.startsAt));
}

/** The night asked for, else the next open one. @param {object[]} all */
export function pickNight(all, { date, slotId }) {
  const open = all.filter((slot) => !slot.closed);
  return (
    all.find((slot) => slot.date === date && slot.slotId === slotId) ??
    open.find((slot) => slot.date === date && !slotId) ??
    (date ? undefined : open.find((slot) => !slotId || slot.slotId === slotId)) ??
    null
  );
}

/**
 * @param {{dates: HTMLElement, slots: HTMLElement}} hosts
 * @param {object[]} all  the calendar
 * @param {{date: string, slotId: string}} now  the night shown
 * @param {(night: {date: string, slotId: string}) => string} link
 */
export function showSchedule(hosts, { all, shown, venue, link }) {
  const dates = [...new Set(all.map((slot) => slot.date))];
  if (!dates.includes(shown.date)) dates.unshift(shown.date);
  const onDate = (date) => all.filter((slot) => slot.date === date);
  fill(hosts.dates, dates.map((date) => dateChip(date, onDate(date), shown, link)));
  fill(hosts.slots, onDate(shown.date).map((slot) => slotChip(slot, shown, venue, link)));
  for (const host of [hosts.dates, hosts.slots]) {
    const current = host.querySelector('[aria-current]');
    if (current) host.scrollLeft = current.offsetLeft - (host.clientWidth - current.offsetWidth) / 2;
  }
}

function dateChip(date, slots, shown, link) {
  // The same hour on another day, where it runs.
  const slot = slots.find(({ slotId }) => slotId === shown.slotId) ?? slots.find(({ closed }) => !closed) ?? slots[0];
  return h(
    'a.date',
    {
      href: link({ date, slotId: slot?.slotId ?? shown.slotId }),
      'aria-current': date === shown.date ? 'date' : null,
      'aria-label': day(date, { weekday: 'long', day: 'numeric', month: 'long' }),
    },
    h('span', {}, day(date, { weekday: 'short' })),
    h('b', {}, day(date, { day: 'numeric' })),
    h('span', {}, day(date, { month: 'short' })),
  );
}

function slotChip(slot, shown, venue, link) {
  const name = venue.slots.get(slot.slotId)?.name || slot.slotId;
  const current = slot.slotId === shown.slotId;
  const times = `${clock(slot.startsAt, venue.timezone)}–${clock(slot.endsAt, venue.timezone)}`;
  return h(
    'a.slot',
    {
      href: link({ date: slot.date, slotId: slot.slotId }),
      'aria-current': current ? 'true' : null,
      'data-slot-id': slot.slotId,
    },
    h('b', {}, name.includes(':') ? times : name),
    h('span', {}, detail(slot, current, name.includes(':') ? '' : times)),
  );
}

/** The night shown has its own count, which is live. */
function detail(slot, current, times) {
  const count = slot.closed ? 'closed' : current ? '' : free(slot);
  return [times, count].filter(Boolean).join(' · ') || 'shown';
}

function free({ free: left, total }) {
  return left === 0 ? 'full' : left === total ? 'all free' : `${left} free`;
}
