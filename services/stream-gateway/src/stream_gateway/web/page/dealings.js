/**
 * What the reader's buttons do: each command with its places marked while it is under way, and its
 * answer, or the words for its failure.
 */

import { commands, Problem } from '../sdk/holdfast.js';
import { linkTo } from './address.js';
import { day, list, money } from './format.js';
import { countByKind } from './venue.js';
import { explain, inTheWay } from './words.js';

const MOST_ALTERNATIVES = 3;

export class Dealings {
  #where;
  #session;
  #notices;
  #stream;
  #own;
  #send;
  #shown = null;

  /** @param {object} page  `{config, session, notices}` */
  constructor(page, where, { stream, own }) {
    this.#where = where;
    this.#session = page.session;
    this.#notices = page.notices;
    this.#stream = stream;
    this.#own = own;
    const { club, venue } = where;
    const { commandApi } = page.config;
    this.#send = commands({ commandApi, club, venue, token: () => page.session.token });
  }

  /** @param {{venue: object, board: object, plan: object, panel: object, words: object}} shown  now */
  show(shown) {
    this.#shown = shown;
  }

  async hold() {
    const { board, panel, words } = this.#shown;
    this.#notices.clear();
    const ids = [...board.selection];
    const many = [...board.quantities].filter(([, number]) => number > 1);
    const hold = await this.#command(ids, () =>
      this.#send.hold({
        date: this.#where.date,
        slotId: this.#where.slotId,
        sectionIds: ids,
        ...(many.length > 0 && { quantities: Object.fromEntries(many) }),
        ...(panel.guests !== null && { partySize: panel.guests }),
        ...(this.#stream.version !== null && { seenVersion: this.#stream.version }),
      }),
    );
    if (!hold) return;
    board.select([]);
    this.#own.keepHold(hold);
    panel.showOwn(hold.holdId);
    this.#notices.announce(`Held: ${words.names(ids)}.`);
  }

  async confirm(hold, contact) {
    const body = { contact, ...(hold.partySize && { partySize: hold.partySize }) };
    const send = () => this.#send.confirm(hold.holdId, body);
    const booking = await this.#command(hold.sectionIds, send, hold);
    if (!booking) return;
    this.#own.keepBooking(booking);
    const waits = booking.status === 'pending_approval';
    const reference = `Your reference is ${booking.reference}.`;
    this.#notices.show('good', {
      title: waits ? 'Requested' : 'Booked',
      text: waits ? 'The venue looks at it; this page shows the answer.' : reference,
    });
  }

  async extend(hold) {
    const longer = await this.#command([], () => this.#send.extend(hold.holdId), hold);
    if (longer) this.#own.keepHold(longer);
  }

  async release(hold) {
    const send = () => this.#send.release(hold.holdId);
    const released = await this.#command(hold.sectionIds, send, hold);
    if (released === undefined) return;
    this.#own.dropHold(hold.holdId);
    this.#notices.show('plain', { title: 'Released', text: 'It is free for others now.' });
  }

  /** Selects what the server would choose; nothing is held yet. */
  async find(best) {
    if (this.#session.role === 'none' && !(await this.#guest())) return;
    const { date, slotId } = this.#where;
    const body = { date, slotId, bestAvailable: best, dryRun: true };
    const quote = await this.#command([], () => this.#send.hold(body));
    if (!quote) return;
    const { venue, board, plan } = this.#shown;
    const chosen = board.select(quote.sectionIds);
    plan.show(chosen);
    const places = chosen.map((id) => venue.byId.get(id));
    this.#notices.show('plain', {
      title: `${countByKind(places)} chosen for you`,
      text: `${list(places.map(({ name }) => name))}. Hold to keep.`,
    });
  }

  /** A hold by somebody without a token. */
  async enter() {
    if (await this.#guest()) await this.hold();
  }

  /** @param {Error} error  a Problem, Unreachable, or a mistake of ours */
  complain(error) {
    if (typeof error.code !== 'string') console.error(error);
    const { venue, words } = this.#shown;
    const { timezone, currency } = venue;
    const said = explain(error, { name: (id) => words.name(id), timezone, currency });
    if (error.code === 'UNAUTHENTICATED') this.#session.expired();
    const choices = error instanceof Problem ? this.#alternatives(error) : [];
    this.#notices.show('bad', { ...said, choices });
  }

  /** A guest's token where the venue takes guests, else the sign-in. @returns whether there is one */
  async #guest() {
    if (!this.#shown.venue.policy.guestCheckout) {
      this.#session.ask();
      return false;
    }
    try {
      await this.#session.asGuest(this.#where.club);
      return true;
    } catch (error) {
      this.complain(error);
      return false;
    }
  }

  /** @returns the answer; undefined where it failed, which is said then */
  async #command(ids, send, hold = null) {
    const { board, panel } = this.#shown;
    const mark = this.#stream.marks.add(ids);
    panel.busy(true, hold);
    try {
      const answer = await send();
      this.#stream.marks.settle(mark, answer?.version ?? 0, this.#stream.version);
      return answer;
    } catch (error) {
      this.#stream.marks.drop(mark);
      board.prune();
      this.complain(error);
      // Done or not done: only the server knows.
      this.#own.ask();
      return undefined;
    } finally {
      panel.busy(false, hold);
    }
  }

  #alternatives({ facts }) {
    const taken = new Set(inTheWay(facts));
    return (facts.alternatives ?? [])
      .filter(({ sectionIds }) => sectionIds.length > 0 && !sectionIds.some((id) => taken.has(id)))
      .slice(0, MOST_ALTERNATIVES)
      .map((alternative) => this.#choice(alternative));
  }

  #choice({ date, slotId, sectionIds, amount }) {
    const { venue, board, words } = this.#shown;
    const here = date === this.#where.date && slotId === this.#where.slotId;
    const slot = venue.slots.get(slotId)?.name || slotId;
    const parts = [words.names(sectionIds), money(amount, venue.currency)];
    if (!here) parts.push(`${day(date)}, ${slot}`);
    return {
      text: parts.join(' · '),
      choose: () => {
        if (here) board.select(sectionIds);
        else location.assign(linkTo({ ...this.#where, date, slotId }));
      },
    };
  }
}
