/**
 * Holdfast for browsers: watch the availability of one channel, live.
 *
 *   import { watch } from '/sdk/holdfast.js';
 *   const stream = watch({
 *     gateway: '', club: 'backroom', venue: 'leeds', date: '2026-02-15', slotId: 'slot_21_00',
 *     onState: ({ sections, changed }) => paint(sections, changed),
 *     onStatus: ({ state }) => (banner.hidden = state === 'live'),
 *   });
 *   stream.close();
 *
 * The rules are in protocol.js, where the states are drawn; this module carries them out with the
 * browser's own EventSource. Commands are in commands.js.
 */

import { backoff } from './backoff.js';
import { Marks } from './marks.js';
import { transition, UNCONNECTED } from './protocol.js';
import { path, Problem, request } from './request.js';
import { applyEvent, mergeListed, replaceAll } from './sections.js';
import { ServerClock } from './server-clock.js';
import { channelName, namedStream, ownChannelName } from './tickets.js';

export { commands, guestSession, Problem, Unreachable } from './commands.js';
export { queries } from './queries.js';
export { customerIdOf, streamTickets } from './tickets.js';
export { ServerClock };

/** The server speaks at least every 15 s; three times that is a dead connection. */
const SILENCE_MS = 45_000;
/** Refusals that do not pass by themselves. */
const FINAL = new Set([400, 401, 403, 404, 410]);

/**
 * @typedef {object} Options
 * @property {string} gateway  address of the stream-gateway; '' is where the page came from
 * @property {string} club
 * @property {string} venue
 * @property {string} date
 * @property {string} slotId
 * @property {(change: {sections: Map<string, import('./sections.js').Section>,
 *   changed: string[]|null, version: number, snapshot: object}) => void} [onState]
 *   the sections after each change; `changed` null: any of them. The Map is the client's own and is
 *   changed in place. `snapshot` is the head of the last one: `timezone`, `startsAt`, `endsAt`, …
 * @property {(status: {state: string, problem: Problem|null}) => void} [onStatus]
 * @property {(layoutVersion: number) => void} [onLayout]  geometry to fetch; a snapshot follows
 * @property {(sectionIds: string[]) => void} [onMarks]  own pending changes came or went
 * @property {(channels: string[]) => Promise<string|null>} [ticket]  for somebody with a token, asked
 *   for each connection; null: go on as anybody. A Problem that will not pass closes the stream
 * @property {() => Promise<string|null>} [customerId]  with a ticket: whose private channel to follow too
 * @property {(notice: object) => void} [onOwn]  something of theirs changed; read `me`
 * @property {(viewers: number|null) => void} [onViewers]  for staff: how many streams watch the channel,
 *   over all gateways; null: not known (any more)
 * @property {ServerClock} [clock]
 * @property {typeof EventSource} [EventSource]
 * @property {typeof fetch} [fetch]
 */

/** @param {Options} options */
export function watch(options) {
  return new Watch(options);
}

class Watch {
  #options;
  #model = UNCONNECTED;
  #sections = new Map();
  #snapshot = null;
  #source = null;
  #connection = 0;
  #retry = null;
  #watchdog = null;
  #problem = null;
  #withTicket = false;
  #viewers = null;
  #nudge = () => this.#retry !== null && this.#say({ type: 'due' });

  constructor(options) {
    this.#options = { EventSource: globalThis.EventSource, clock: new ServerClock(), ...options };
    this.marks = new Marks((ids) => this.#options.onMarks?.(ids));
    globalThis.addEventListener?.('online', this.#nudge);
    this.#open();
    this.#reportStatus();
  }

  /** `connecting`, `live`, `refreshing` or `closed`. */
  get state() {
    return this.#model.state;
  }

  get sections() {
    return this.#sections;
  }

  /** Of the sections; null before the first snapshot. */
  get version() {
    return this.#model.version;
  }

  get clock() {
    return this.#options.clock;
  }

  /** Who looks is somebody else now: the stream begins anew, with a ticket of theirs. */
  renew() {
    this.#say({ type: 'renew' });
  }

  close() {
    this.#say({ type: 'close' });
  }

  #say(event) {
    const before = this.#model;
    const { model, effects } = transition(before, event);
    this.#model = model;
    for (const effect of effects) this.#carryOut(effect, event);
    if (model.version !== null && model.version !== before.version)
      this.marks.reached(model.version);
    if (model.state === 'closed') globalThis.removeEventListener?.('online', this.#nudge);
    if (model.state !== before.state) this.#reportStatus();
  }

  #carryOut(effect, event) {
    switch (effect) {
      case 'open':
        return this.#open();
      case 'shut':
        return this.#shut();
      case 'wait':
        this.#retry = setTimeout(this.#nudge, backoff(this.#model.attempt));
        return undefined;
      case 'ask':
        return void this.#ask();
      case 'replace':
        replaceAll(this.#sections, event.body);
        return this.#show(event.body, null);
      case 'merge':
        return this.#show(event.body, mergeListed(this.#sections, event.body));
      case 'apply':
        return this.#show(null, applyEvent(this.#sections, event.body));
      case 'forget':
        return this.#sections.clear();
      case 'own':
        return this.#options.onOwn?.(event.body);
      case 'layout':
        return this.#options.onLayout?.(this.#model.layoutVersion);
      default:
        throw new TypeError(`not an effect: ${effect}`);
    }
  }

  async #open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#connection += 1;
    const connection = this.#connection;
    let url = this.#url('/stream');
    if (this.#options.ticket) {
      url = await this.#ticketed().catch((error) => error);
      if (connection !== this.#connection) return;
      if (url instanceof Error) return this.#noTicket(url);
    }
    if (this.#model.cursor !== null) url += path`&cursor=${this.#model.cursor}`;
    this.#source?.close();
    const source = new this.#options.EventSource(url);
    this.#source = source;
    this.#listen(source);
    this.#watchSilence();
  }

  /** The address of the stream with a ticket in it, or without, where there is none to be had. */
  async #ticketed() {
    const { gateway, club, ticket, customerId } = this.#options;
    const channels = [channelName(this.#options)];
    const own = await customerId?.();
    if (own) channels.push(ownChannelName(club, own));
    const given = await ticket(channels);
    this.#withTicket = given !== null;
    if (given === null) return this.#url('/stream');
    const url = own ? namedStream(gateway, channels) : this.#url('/stream');
    return url + path`&ticket=${given}`;
  }

  #noTicket(error) {
    if (!(error instanceof Problem) || !FINAL.has(error.status))
      return this.#say({ type: 'silent' });
    this.#problem = error;
    return this.#say({ type: 'refused' });
  }

  #listen(source) {
    const hear = (type, facts) => (message) => {
      if (source !== this.#source) return;
      this.#watchSilence();
      const body = message.data ? JSON.parse(message.data) : {};
      this.#options.clock.learn(body.serverTime);
      this.#say({ type, ...facts(body), cursor: message.lastEventId || null, body });
    };
    const on = (name, type, facts = () => ({})) => source.addEventListener(name, hear(type, facts));
    on('open', 'opened');
    on('snapshot', 'snapshot', ({ version, epoch, layoutVersion, partial }) => ({
      version,
      epoch,
      layoutVersion,
      partial,
    }));
    on('availability.updated', 'updated', ({ version }) => ({ version }));
    on('layout.updated', 'layout', ({ version, layoutVersion }) => ({ version, layoutVersion }));
    on('customer.updated', 'own');
    on('checkpoint', 'checkpoint');
    on('reset', 'reset');
    on('reauth', 'reauth');
    source.addEventListener('viewers', ({ data }) => {
      if (source !== this.#source) return;
      this.#watchSilence();
      const { channel, viewers } = JSON.parse(data);
      if (channel === channelName(this.#options)) this.#showViewers(viewers);
    });
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      this.#say({ type: source.readyState === source.CLOSED ? 'dead' : 'lost' });
    });
  }

  #showViewers(viewers) {
    if (viewers === this.#viewers) return;
    this.#viewers = viewers;
    this.#options.onViewers?.(viewers);
  }

  #shut() {
    this.#connection += 1;
    this.#showViewers(null);
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retry);
    this.#retry = null;
  }

  #watchSilence() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#say({ type: 'silent' }), SILENCE_MS);
  }

  /** An EventSource does not tell the status it died of; the plain snapshot of the channel does. */
  async #ask() {
    // With a ticket the snapshot is not ours to ask for; the next ticket tells as much.
    if (this.#withTicket) return;
    try {
      await request(this.#url(''), { fetch: this.#options.fetch });
    } catch (error) {
      if (!(error instanceof Problem) || !FINAL.has(error.status)) return;
      if (this.#model.state === 'live') return;
      this.#problem = error;
      this.#say({ type: 'refused' });
    }
  }

  #show(snapshot, changed) {
    if (snapshot !== null) {
      const { sections: _, ...head } = snapshot;
      this.#snapshot = head;
    }
    this.#options.onState?.({
      sections: this.#sections,
      changed,
      version: this.#model.version,
      snapshot: this.#snapshot,
    });
  }

  #reportStatus() {
    this.#options.onStatus?.({ state: this.#model.state, problem: this.#problem });
  }

  #url(end) {
    const { gateway, club, venue, date, slotId } = this.#options;
    return `${gateway}${path`/v1/clubs/${club}/venues/${venue}/availability`}${end}${path`?date=${date}&slotId=${slotId}`}`;
  }
}
