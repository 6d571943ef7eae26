/**
 * One night at one venue: the live stream, the plan, the panel, and what the buttons do.
 *
 *   stream ─▶ board ─▶ plan         commands ─▶ own ─▶ board
 *                └───▶ panel            └─▶ marks ─▶ board
 */

import { commands, Problem, queries, watch } from '../sdk/holdfast.js';
import { Board } from './board.js';
import { linkTo } from './address.js';
import { list, money } from './format.js';
import { Own } from './own.js';
import { Panel } from './panel.js';
import { Plan } from './plan/plan.js';
import { countByKind, describe, party, priceOf } from './venue.js';
import { explain, inTheWay } from './words.js';

const SAYS = { held: 'held by someone', unavailable: 'taken', mine: 'held by you', booked: 'booked by you', absent: 'not part of this slot', unknown: 'not known yet' };

export class Night {
  #page;
  #where;
  #venue;
  #session;
  #stream;
  #board;
  #own;
  #plan;
  #panel;
  #send;
  #ask;
  #ticker;
  #frame = 0;
  #dirty = new Set();
  #all = false;

  /**
   * @param {object} page  `{planHost, panelHosts, notices, status, config, session}`
   * @param {{club: string, venue: string, date: string, slotId: string}} where
   * @param {object} definition  the venue's
   */
  constructor(page, where, definition) {
    this.#page = page;
    this.#where = where;
    this.#session = page.session;
    const { commandApi } = page.config;
    const target = { commandApi, club: where.club, venue: where.venue, token: () => page.session.token };
    this.#send = commands(target);
    this.#ask = queries(target);
    this.#watch();
    this.#own = new Own({
      queries: this.#ask,
      channel: `availability:${where.club}:${where.venue}:${where.date}:${where.slotId}`,
      clock: page.clock,
      changed: () => this.#ownChanged(),
    });
    this.#build(definition);
    this.#ticker = setInterval(() => this.#panel.tick(), 250);
    this.signedIn();
  }

  close() {
    this.#stream.close();
    this.#own.stop();
    this.#plan.remove();
    this.#panel.remove();
    clearInterval(this.#ticker);
    cancelAnimationFrame(this.#frame);
  }

  /** The bearer has changed, or there is none. */
  async signedIn() {
    this.#panel.render();
    if (this.#session.role === 'none') return this.#own.clear();
    try {
      await this.#own.load();
    } catch (error) {
      // Staff have no nights of their own; an old token is worth a word.
      if (error.code === 'UNAUTHENTICATED') this.#complain(error);
    }
    return undefined;
  }

  #watch() {
    this.#stream = watch({
      gateway: '',
      ...this.#where,
      clock: this.#page.clock,
      onState: ({ sections, changed, snapshot }) => this.#stateChanged(sections, changed, snapshot),
      onStatus: (status) => this.#statusChanged(status),
      onLayout: (layoutVersion) => this.#layoutChanged(layoutVersion),
      onMarks: (ids) => this.#changed(ids),
    });
  }

  #build(definition, layout) {
    this.#plan?.remove();
    this.#panel?.remove();
    this.#venue = describe(definition, layout);
    this.definition = definition;
    this.#board = new Board(this.#venue, this.#stream.marks, (ids) => this.#changed(ids));
    this.#plan = new Plan(this.#page.planHost, {
      venue: this.#venue,
      board: this.#board,
      words: {
        label: (place) => this.#label(place),
        price: (place) => this.#price(place),
        announce: (text) => this.#page.notices.announce(text),
      },
      pick: (id) => this.#pick(id),
    });
    this.#panel = new Panel(this.#page.panelHosts, {
      zoom: this.#plan.buttons,
      date: this.#where.date,
      slotId: this.#where.slotId,
      venue: this.#venue,
      board: this.#board,
      own: this.#own,
      clock: this.#page.clock,
      role: () => this.#session.role,
      announce: (text) => this.#page.notices.announce(text),
      hold: () => this.#hold(),
      enter: () => this.#enter(),
      find: (best) => this.#find(best),
      confirm: (hold, contact) => this.#confirm(hold, contact),
      extend: (hold) => this.#extend(hold),
      release: (hold) => this.#release(hold),
      expired: () => this.#own.ask(),
    });
  }

  // From the stream.

  #stateChanged(sections, changed, snapshot) {
    const gone = this.#board.show(sections, changed);
    if (gone.length > 0) {
      const names = list(gone.map((id) => this.#name(id)));
      this.#page.notices.show('bad', { title: `Someone took ${names}`, text: 'It is no longer in your selection.' });
    }
    this.#panel.night(snapshot);
    if (this.#session.role !== 'none' && (changed === null || changed.some((id) => this.#board.isOwn(id)))) {
      this.#own.ask();
    }
  }

  #statusChanged(status) {
    this.#page.status(status);
    if (status.problem) this.#complain(status.problem);
  }

  async #layoutChanged(layoutVersion) {
    if (layoutVersion === this.#venue.layoutVersion) return;
    try {
      const [definition, layout] = await Promise.all([this.#ask.venue(), this.#ask.layout(layoutVersion)]);
      this.#build(definition, layout);
      this.#board.show(this.#stream.sections, null);
      this.#ownChanged();
      this.#page.notices.show('plain', { title: 'The floor plan has changed', text: 'This is the new one.' });
    } catch (error) {
      this.#complain(error);
    }
  }

  #ownChanged() {
    this.#board.own(this.#own.holds, this.#own.bookings);
    this.#panel.render();
  }

  /** Collects what changed and paints once per frame. */
  #changed(ids) {
    if (ids === null) this.#all = true;
    else ids.forEach((id) => this.#dirty.add(id));
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#plan.paint(this.#all ? null : [...this.#dirty]);
      this.#panel.render();
      this.#all = false;
      this.#dirty.clear();
    });
  }

  // From the reader.

  #pick(id) {
    this.#page.notices.clear();
    if (this.#board.toggle(id)) return;
    const place = this.#venue.byId.get(id);
    if (this.#board.isOwn(id)) return void this.#panel.showOwn();
    this.#page.notices.announce(this.#label(place));
  }

  async #hold() {
    this.#page.notices.clear();
    const ids = [...this.#board.selection];
    const quantities = Object.fromEntries([...this.#board.quantities].filter(([, number]) => number > 1));
    const body = {
      date: this.#where.date,
      slotId: this.#where.slotId,
      sectionIds: ids,
      ...(Object.keys(quantities).length > 0 && { quantities }),
      ...(this.#panel.guests !== null && { partySize: this.#panel.guests }),
      ...(this.#stream.version !== null && { seenVersion: this.#stream.version }),
    };
    const hold = await this.#command(ids, () => this.#send.hold(body));
    if (!hold) return;
    this.#board.select([]);
    this.#own.keepHold(hold);
    this.#panel.showOwn(hold.holdId);
    this.#page.notices.announce(`Held: ${list(ids.map((id) => this.#name(id)))}.`);
  }

  async #confirm(hold, contact) {
    const body = { contact, ...(hold.partySize && { partySize: hold.partySize }) };
    const booking = await this.#command(hold.sectionIds, () => this.#send.confirm(hold.holdId, body), hold);
    if (!booking) return;
    this.#own.keepBooking(booking);
    const waits = booking.status === 'pending_approval';
    this.#page.notices.show('good', {
      title: waits ? 'Requested' : 'Booked',
      text: waits ? 'The venue looks at it; this page shows the answer.' : `Your reference is ${booking.reference}.`,
    });
  }

  async #extend(hold) {
    const longer = await this.#command([], () => this.#send.extend(hold.holdId), hold);
    if (longer) this.#own.keepHold(longer);
  }

  async #release(hold) {
    const released = await this.#command(hold.sectionIds, () => this.#send.release(hold.holdId), hold);
    if (released === undefined) return;
    this.#own.dropHold(hold.holdId);
    this.#page.notices.show('plain', { title: 'Released', text: 'It is free for others now.' });
  }

  async #find(best) {
    const body = { date: this.#where.date, slotId: this.#where.slotId, bestAvailable: best, dryRun: true };
    if (this.#session.role === 'none' && !(await this.#enter({ thenHold: false }))) return;
    const quote = await this.#command([], () => this.#send.hold(body));
    if (!quote) return;
    const chosen = this.#board.select(quote.sectionIds);
    this.#plan.show(chosen);
    const places = chosen.map((id) => this.#venue.byId.get(id));
    this.#page.notices.show('plain', {
      title: `${countByKind(places)} chosen for you`,
      text: `${list(places.map(({ name }) => name))}. Hold to keep.`,
    });
  }

  /** Somebody without a token: a guest where the venue takes guests, else the sign-in. */
  async #enter({ thenHold = true } = {}) {
    if (!this.#venue.policy.guestCheckout) {
      this.#session.ask();
      return false;
    }
    try {
      await this.#session.asGuest(this.#where.club);
    } catch (error) {
      this.#complain(error);
      return false;
    }
    if (thenHold) await this.#hold();
    return true;
  }

  /** Runs a command with its places marked. @returns the answer; undefined where it failed */
  async #command(ids, send, hold = null) {
    const mark = this.#stream.marks.add(ids);
    this.#panel.busy(true, hold);
    try {
      const answer = await send();
      this.#stream.marks.settle(mark, answer?.version ?? 0, this.#stream.version);
      return answer;
    } catch (error) {
      this.#stream.marks.drop(mark);
      this.#board.prune();
      this.#complain(error);
      // Done or not done: only the server knows.
      this.#own.ask();
      return undefined;
    } finally {
      this.#panel.busy(false, hold);
    }
  }

  #complain(error) {
    const problem = typeof error.code === 'string' ? error : Object.assign(error, { code: 'INTERNAL' });
    const { timezone, currency } = this.#venue ?? { timezone: 'UTC', currency: 'GBP' };
    const words = explain(problem, { name: (id) => this.#name(id), timezone, currency });
    if (problem.code === 'UNAUTHENTICATED') this.#session.expired();
    const choices = problem instanceof Problem ? this.#alternatives(problem) : [];
    this.#page.notices.show('bad', { ...words, choices });
  }

  #alternatives({ facts }) {
    const taken = new Set(inTheWay(facts));
    return (facts.alternatives ?? [])
      .filter(({ sectionIds }) => sectionIds.length > 0 && !sectionIds.some((id) => taken.has(id)))
      .slice(0, 3)
      .map(({ date, slotId, sectionIds, amount }) => {
        const here = date === this.#where.date && slotId === this.#where.slotId;
        const when = here ? '' : ` · ${date} ${this.#venue.slots.get(slotId)?.name ?? slotId}`;
        return {
          text: `${list(sectionIds.map((id) => this.#name(id)))} · ${money(amount, this.#venue.currency)}${when}`,
          choose: () => (here ? this.#board.select(sectionIds) : location.assign(linkTo({ ...this.#where, date, slotId }))),
        };
      });
  }

  // Words.

  #name(id) {
    return this.#venue?.byId.get(id)?.name ?? id;
  }

  #price(place) {
    const price = priceOf(this.#venue, place, this.#where.date, this.#where.slotId);
    return price > 0 ? money(price, this.#venue.currency) : '';
  }

  /** `Table 12, takes 2 to 4, £25, available` */
  #label(place) {
    const { look, free, total, own, pending, selected } = this.#board.look(place.id);
    const many = total > 1 && look === 'available' ? `${free} of ${total} free` : (SAYS[look] ?? 'free');
    const ours = own > 0 && look === 'available' ? `${own} yours` : '';
    const now = pending ? 'asking for it' : selected ? 'selected' : '';
    return [place.name, party(place), this.#price(place), many, ours, now].filter(Boolean).join(', ');
  }
}
