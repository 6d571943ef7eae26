/**
 * Which nights there are: a strip of dates and the slots of one.
 *
 * The definition says when slots run; the calendar adds how much is free. Without the calendar the
 * strips are there all the same.
 *
 * @typedef {{date: string, slotId: string, times: string, closed: boolean, free: number|null,
 *   total: number|null}} NightAhead
 */

import { fill, h } from './dom.js';
import { dateAt, day, minuteAt } from './format.js';

export const DAYS = 21;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1440;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * What is not over, in order. The evening before is looked at too: after midnight it goes on.
 * @param {object} definition  the venue's
 * @param {number} now  milliseconds since 1970
 * @returns {NightAhead[]}
 */
export function nights({ slots, timezone }, now) {
  const today = dateAt(now, timezone);
  const all = [];
  for (let ahead = -1; ahead < DAYS; ahead += 1) {
    const date = plusDays(today, ahead);
    const here = slots.map((slot) => nightOf(slot, date)).filter(Boolean);
    here.sort((a, b) => a.start - b.start);
    all.push(...here.filter(({ end }) => ahead * DAY_MINUTES + end > minuteAt(now, timezone)));
  }
  return all;
}

/** The same nights with the calendar's counts. @param {NightAhead[]} all  @param {object[]} items */
export function counted(all, items) {
  const known = new Map(items.map((item) => [`${item.date} ${item.slotId}`, item]));
  return all.map((night) => {
    const item = known.get(`${night.date} ${night.slotId}`);
    return item ? { ...night, closed: item.closed, free: item.free, total: item.total } : night;
  });
}

/** The night asked for, else the next open one; null where there is none. @param {NightAhead[]} all */
export function pickNight(all, { date, slotId }) {
  const asked = all.find((night) => night.date === date && night.slotId === slotId);
  if (asked || (date && slotId)) return asked ?? { date, slotId };
  const fits = (night) =>
    !night.closed && (!date || night.date === date) && (!slotId || night.slotId === slotId);
  return all.find(fits) ?? null;
}

/**
 * @param {{dates: HTMLElement, slots: HTMLElement}} hosts
 * @param {{all: NightAhead[], shown: {date: string, slotId: string}, slots: object[],
 *   link: (night: {date: string, slotId: string}) => string}} schedule
 */
export function showSchedule(hosts, { all, shown, slots, link }) {
  const dates = [...new Set([...all.map(({ date }) => date), shown.date])].sort();
  const onDate = (date) => all.filter((night) => night.date === date);
  const names = new Map(slots.map((slot) => [slot.slotId, slot.name || slot.slotId]));
  fill(
    hosts.dates,
    dates.map((date) => dateChip(date, onDate(date), shown, link)),
  );
  fill(
    hosts.slots,
    onDate(shown.date).map((night) => slotChip(night, shown, names, link)),
  );
  for (const host of Object.values(hosts)) {
    const current = host.querySelector('[aria-current]');
    if (current)
      host.scrollLeft = current.offsetLeft - (host.clientWidth - current.offsetWidth) / 2;
  }
}

function nightOf(slot, date) {
  const weekday = WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()];
  if (slot.days && !slot.days.includes(weekday)) return null;
  if ((slot.validFrom && date < slot.validFrom) || (slot.validTo && date > slot.validTo))
    return null;
  const exception = slot.exceptions.find((each) => each.date === date);
  const [from, to] = [exception?.start ?? slot.start, exception?.end ?? slot.end];
  const [start, last] = [minutes(from), minutes(to)];
  return {
    date,
    slotId: slot.slotId,
    times: `${onClock(from)}–${onClock(to)}`,
    start,
    end: last > start ? last : last + DAY_MINUTES,
    closed: exception?.closed ?? false,
    free: null,
    total: null,
  };
}

function minutes(clock) {
  const [hours, rest] = clock.split(':').map(Number);
  return hours * 60 + rest;
}

/** `26:00` is two o'clock of the next day. */
function onClock(clock) {
  const [hours, rest] = clock.split(':');
  return `${String(hours % 24).padStart(2, '0')}:${rest}`;
}

function plusDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function dateChip(date, here, shown, link) {
  // The same hour on another day, where it runs.
  const same = here.find(({ slotId }) => slotId === shown.slotId);
  const night = same ?? here.find(({ closed }) => !closed) ?? here[0] ?? shown;
  return h(
    'a.date',
    {
      href: link({ date, slotId: night.slotId }),
      'aria-current': date === shown.date ? 'date' : null,
      'aria-label': day(date, { weekday: 'long', day: 'numeric', month: 'long' }),
    },
    h('span', {}, day(date, { weekday: 'short' })),
    h('b', {}, day(date, { day: 'numeric' })),
    h('span', {}, day(date, { month: 'short' })),
  );
}

function slotChip(night, shown, names, link) {
  const name = names.get(night.slotId) ?? night.slotId;
  const current = night.slotId === shown.slotId;
  // A name that is a time already needs none beside it.
  const timed = name.includes(':');
  const detail = [timed ? '' : night.times, free(night, current)].filter(Boolean).join(' · ');
  return h(
    'a.slot',
    {
      href: link({ date: night.date, slotId: night.slotId }),
      'aria-current': current ? 'true' : null,
      'data-slot-id': night.slotId,
    },
    h('b', {}, timed ? night.times : name),
    detail ? h('span', {}, detail) : null,
  );
}

/** The night shown has its own count, which is live. */
function free({ closed, free: left, total }, current) {
  if (closed) return 'closed';
  if (current || left === null) return '';
  return left === 0 ? 'full' : left === total ? 'all free' : `${left} free`;
}
