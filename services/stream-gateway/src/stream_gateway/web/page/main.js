/**
 * The page: reads the address, fetches the venue, opens the night it names. Everything on the page
 * is a link to a night; following one closes the night before and opens the next.
 */

import { queries, ServerClock } from '../sdk/holdfast.js';
import { request } from '../sdk/request.js';
import { linkTo, readAddress } from './address.js';
import { fill, h } from './dom.js';
import { Night } from './night.js';
import { Notices } from './notices.js';
import { counted, DAYS, nights, pickNight, showSchedule } from './schedule.js';
import { Session } from './session.js';
import { explain } from './words.js';

const VENUES = [
  { club: 'backroom', venue: 'leeds', name: 'The Backroom, Leeds' },
  { club: 'backroom', venue: 'basement', name: 'Basement' },
  { club: 'grand', venue: 'arena', name: 'The Grand Arena' },
  { club: 'care', venue: 'clinic', name: 'City Care clinic' },
];
const STATUS = {
  connecting: 'Connecting…',
  live: 'Live',
  refreshing: 'Refreshing availability…',
  closed: 'Not connected',
};
const MISSING = new Set(['VENUE_NOT_FOUND', 'CLUB_NOT_FOUND']);
const CALENDAR_MS = 60_000;

const part = (id) => document.getElementById(id);
const notices = new Notices(part('notices'), part('ear'));
const clock = new ServerClock();
let night = null;
let opening = 0;

const config = await request('config.json').catch(() => null);
if (config === null) {
  fail({ title: 'The page could not load', text: 'The gateway does not answer.' });
} else {
  start();
}

function start() {
  const session = new Session({ button: part('who'), dialog: part('sign-in') }, config, () =>
    night?.isOpen ? night.signedIn() : open(page),
  );
  const page = {
    config,
    session,
    notices,
    clock,
    planHost: part('plan'),
    panelHosts: { about: part('about'), cards: part('cards'), legend: part('legend') },
    status: showStatus,
  };
  addEventListener('popstate', () => open(page));
  document.addEventListener('click', (event) => follow(event, page));
  part('venues').addEventListener('change', (event) => {
    const [club, venue] = event.target.value.split('/');
    history.pushState(null, '', linkTo({ club, venue }));
    open(page);
  });
  open(page);
}

async function open(page) {
  opening += 1;
  const turn = opening;
  const asked = readAddress();
  leave();
  showStatus({ state: 'connecting' });
  showVenues(asked);
  try {
    const definition = await queriesFor(asked, page).venue();
    if (turn !== opening) return;
    const found = pickNight(nights(definition, clock.now()), asked);
    if (found === null)
      return fail({
        title: 'No night is open',
        text: 'This venue takes no bookings in the next weeks.',
      });
    enter(
      page,
      { club: asked.club, venue: asked.venue, date: found.date, slotId: found.slotId },
      definition,
    );
    offerVenues(asked);
  } catch (error) {
    if (turn !== opening) return;
    if (!error.code) console.error(error);
    fail(explain(error, { name: (id) => id, timezone: 'UTC', currency: 'GBP' }), () => open(page));
  }
}

function enter(page, where, definition) {
  history.replaceState(null, '', linkTo(where));
  document.title = `${definition.name || where.venue} · Holdfast`;
  night = new Night(page, where, definition);
  const mine = night;
  const hosts = { dates: part('dates'), slots: part('slots') };
  const link = (to) => linkTo({ ...where, ...to });
  const show = (all) => showSchedule(hosts, { all, shown: where, slots: definition.slots, link });
  const count = async () => {
    const all = nights(definition, clock.now());
    const calendar = await queriesFor(where, page)
      .calendar(all[0]?.date ?? where.date, DAYS)
      .catch(() => null);
    if (night === mine && calendar) show(counted(all, calendar.items));
  };
  show(nights(definition, clock.now()));
  count();
  const timer = setInterval(() => {
    if (night !== mine) clearInterval(timer);
    else if (!document.hidden) count();
  }, CALENDAR_MS);
}

function queriesFor({ club, venue }, page) {
  return queries({ ...config, club, venue, token: () => page.session.token });
}

function leave() {
  night?.close();
  night = null;
  notices.clear();
  for (const id of ['dates', 'slots']) fill(part(id));
  fill(part('plan'), h('p.waiting', {}, 'Fetching the floor plan…'));
}

function follow(event, page) {
  const link = event.target.closest('#dates a, #slots a');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.getAttribute('href'));
  open(page);
}

function showVenues({ club, venue }) {
  const select = part('venues');
  const known = VENUES.some((each) => each.club === club && each.venue === venue);
  const all = known ? VENUES : [{ club, venue, name: `${club} / ${venue}` }, ...VENUES];
  if (select.options.length === 0 || !known) {
    fill(
      select,
      all.map((each) => h('option', { value: `${each.club}/${each.venue}` }, each.name)),
    );
  }
  select.value = `${club}/${venue}`;
}

/** Takes out of the menu what is not there. A short question: a definition may have megabytes. */
async function offerVenues(shown) {
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  for (const { club, venue } of VENUES) {
    if (club === shown.club && venue === shown.venue) continue;
    const missing = await queries({ ...config, club, venue })
      .calendar(today, 1)
      .then(
        () => false,
        ({ code }) => MISSING.has(code),
      );
    if (missing) part('venues').querySelector(`[value="${club}/${venue}"]`)?.remove();
  }
}

function showStatus({ state }) {
  const status = part('status');
  status.dataset.state = state;
  fill(status, h('i'), STATUS[state]);
  document.body.dataset.stream = state;
}

function fail(words, again) {
  showStatus({ state: 'closed' });
  fill(
    part('plan'),
    h(
      'div.empty',
      { role: 'alert' },
      h('h2', {}, words.title),
      h('p', {}, words.text),
      again ? h('button.secondary', { type: 'button', onclick: again }, 'Try again') : null,
    ),
  );
}
