/**
 * One night at one venue: the live stream, the plan, the panel.
 *
 *   stream ─▶ board ─▶ plan         dealings ─▶ own ─▶ board
 *                └───▶ panel            └─▶ marks ─▶ board
 */

import { customerIdOf, queries, streamTickets, watch } from '../sdk/holdfast.js';
import { Board } from './board.js';
import { Dealings } from './dealings.js';
import { Own } from './own.js';
import { Panel } from './panel.js';
import { PlaceWords } from './place-words.js';
import { Plan } from './plan/plan.js';
import { describe } from './venue.js';

const TICK_MS = 250;
const OF_NO_USE = new Set(['UNAUTHENTICATED', 'ACTION_NOT_PERMITTED', 'CLUB_NOT_FOUND']);

export class Night {
  #page;
  #where;
  #venue;
  #session;
  #stream;
  #board;
  #own;
  #words;
  #plan = null;
  #panel = null;
  #dealings;
  #ask;
  #ticker;
  #frame = 0;
  #dirty = new Set();
  #all = false;
  #viewers = null;

  /**
   * @param {object} page  `{config, session, notices, clock, planHost, panelHosts, status}`
   * @param {{club: string, venue: string, date: string, slotId: string}} where
   * @param {object} definition  the venue's
   */
  constructor(page, where, definition) {
    this.#page = page;
    this.#where = where;
    this.#session = page.session;
    const { club, venue, date, slotId } = where;
    const token = () => page.session.token;
    this.#ask = queries({ commandApi: page.config.commandApi, club, venue, token });
    this.#watch();
    this.#own = new Own({
      queries: this.#ask,
      channel: `availability:${club}:${venue}:${date}:${slotId}`,
      clock: page.clock,
      changed: () => this.#ownChanged(),
    });
    this.#dealings = new Dealings(page, where, { stream: this.#stream, own: this.#own });
    this.#build(definition);
    this.#ticker = setInterval(() => this.#panel.tick(), TICK_MS);
    this.#showOwn();
  }

  close() {
    this.#stream.close();
    this.#own.stop();
    this.#plan.remove();
    this.#panel.remove();
    clearInterval(this.#ticker);
    cancelAnimationFrame(this.#frame);
  }

  /** Whether there is a stream that may still come. */
  get isOpen() {
    return this.#stream.state !== 'closed';
  }

  /** The bearer has changed, or there is none. */
  signedIn() {
    this.#stream.renew();
    return this.#showOwn();
  }

  async #showOwn() {
    this.#panel.render();
    if (this.#session.role === 'none') {
      this.#own.clear();
      return;
    }
    try {
      await this.#own.load();
    } catch (error) {
      // An old token is worth a word; that a role has no nights of its own is not.
      if (error.code === 'UNAUTHENTICATED') this.#dealings.complain(error);
    }
  }

  #watch() {
    this.#stream = watch({
      gateway: '',
      ...this.#where,
      clock: this.#page.clock,
      ticket: (channels) => this.#ticket(channels),
      customerId: async () => {
        const { role, subject } = this.#session;
        return role === 'customer' ? customerIdOf(subject) : null;
      },
      onOwn: () => this.#own.ask(),
      onViewers: (viewers) => this.#watched(viewers),
      onState: ({ sections, changed, snapshot }) => this.#stateChanged(sections, changed, snapshot),
      onStatus: (status) => this.#statusChanged(status),
      onLayout: (layoutVersion) => this.#layoutChanged(layoutVersion),
      onMarks: (ids) => this.#changed(ids),
    });
  }

  /** Where the token is of no use here, what everybody may see is better than nothing. */
  async #ticket(channels) {
    const token = () => this.#session.token;
    try {
      return await streamTickets({ gateway: '', token })(channels);
    } catch (error) {
      if (error.code === 'UNAUTHENTICATED') this.#dealings.complain(error);
      if (OF_NO_USE.has(error.code)) return null;
      throw error;
    }
  }

  /** @param {object} [layout]  where it is another than the definition's own */
  #build(definition, layout) {
    this.#plan?.remove();
    this.#panel?.remove();
    const { date, slotId } = this.#where;
    const { notices, clock, planHost, panelHosts } = this.#page;
    const announce = (text) => notices.announce(text);
    const venue = describe(definition, layout);
    const board = new Board(venue, this.#stream.marks, (ids) => this.#changed(ids));
    const words = new PlaceWords(venue, board, this.#where);
    const pick = (id) => this.#pick(id);
    const plan = new Plan(planHost, { venue, board, words, announce, pick });
    const dealings = this.#dealings;
    const panel = new Panel(panelHosts, {
      zoom: plan.buttons,
      date,
      slotId,
      venue,
      board,
      own: this.#own,
      clock,
      role: () => this.#session.role,
      announce,
      hold: () => dealings.hold(),
      enter: () => dealings.enter(),
      find: (best) => dealings.find(best),
      confirm: (hold, contact) => dealings.confirm(hold, contact),
      extend: (hold) => dealings.extend(hold),
      release: (hold) => dealings.release(hold),
      expired: () => this.#own.ask(),
    });
    this.#venue = venue;
    this.#board = board;
    this.#words = words;
    this.#plan = plan;
    this.#panel = panel;
    panel.watched(this.#viewers);
    dealings.show({ venue, board, plan, panel, words });
  }

  #stateChanged(sections, changed, snapshot) {
    const gone = this.#board.show(sections, changed);
    if (gone.length > 0) {
      this.#page.notices.show('bad', {
        title: `Someone took ${this.#words.names(gone)}`,
        text: 'It is no longer in your selection.',
      });
    }
    this.#panel.night(snapshot);
    const touched = changed === null || changed.some((id) => this.#board.isOwn(id));
    if (touched && this.#session.role !== 'none') this.#own.ask();
  }

  #statusChanged(status) {
    this.#page.status(status);
    if (status.problem) this.#dealings.complain(status.problem);
  }

  async #layoutChanged(layoutVersion) {
    if (layoutVersion === this.#venue.layoutVersion) return;
    try {
      const asked = [this.#ask.venue(), this.#ask.layout(layoutVersion)];
      const [definition, layout] = await Promise.all(asked);
      this.#build(definition, layout);
      this.#board.show(this.#stream.sections, null);
      this.#ownChanged();
      const title = 'The floor plan has changed';
      this.#page.notices.show('plain', { title, text: 'This is the new one.' });
    } catch (error) {
      this.#dealings.complain(error);
    }
  }

  #watched(viewers) {
    this.#viewers = viewers;
    this.#panel.watched(viewers);
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

  #pick(id) {
    this.#page.notices.clear();
    if (this.#board.toggle(id)) return;
    if (this.#board.isOwn(id)) this.#panel.showOwn();
    else this.#page.notices.announce(this.#words.label(this.#venue.byId.get(id)));
  }
}
