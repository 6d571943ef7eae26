/**
 * What the client of one channel knows and does next. Pure: no timer, no socket, no clock, so that
 * tests walk every state with every event.
 *
 *                snapshot                    event in order, checkpoint, newer snapshot
 *   connecting ────────────▶ live ──────────────────────────────────────────────────▶ live
 *       │                    │  ▲
 *       │        lost, dead, │  │ snapshot;
 *       │   silent, gap,     │  │ or, where the version is still known: event in order, checkpoint
 *       │   layout, reset,   │  │
 *       │      reauth, renew ▼  │
 *       │                  refreshing ◀─┐ lost, dead, silent, gap, layout, reset, reauth
 *       │                    │      └───┘
 *       └── close, refused ──┴──▶ closed    (nothing leads out; `live` goes there as well)
 *
 * connecting   no snapshot has come yet
 * live         the sections are exact at `version`
 * refreshing   the sections are what they were; what changed since is on its way
 * closed       the caller has had enough, or the server refused for a reason that will not pass
 *
 * The invariant: `version` is the version of the sections that the caller sees, and only a snapshot
 * or the event of exactly the next version moves it. A hole is never stepped over.
 *
 * @typedef {object} Model
 * @property {'connecting'|'live'|'refreshing'|'closed'} state
 * @property {number|null} version  of the sections; null: nothing is known
 * @property {string|null} epoch    which history the version counts in
 * @property {string|null} cursor   where to resume; null: ask for a snapshot
 * @property {number|null} layoutVersion
 * @property {number} attempt       own reconnects since the stream last said something useful
 *
 * Effects, in the order to carry them out:
 *   open      a stream at `cursor`           shut     the stream, for good
 *   wait      back off, then say `due`       ask      why the server turned us away
 *   replace   all sections by the snapshot's  merge   the snapshot's sections into the known ones
 *   apply     the event to its section       forget   all sections
 *   layout    has a new version              own      tell that something of the viewer's changed
 */

/** @type {Readonly<Model>} */
export const UNCONNECTED = Object.freeze({
  state: 'connecting',
  version: null,
  epoch: null,
  cursor: null,
  layoutVersion: null,
  attempt: 0,
});

const NOTHING = Object.freeze([]);

/**
 * @param {Model} model
 * @param {{type: string, [fact: string]: any}} event
 * @returns {{model: Model, effects: readonly string[]}}
 */
export function transition(model, event) {
  if (model.state === 'closed') return { model, effects: NOTHING };
  const step = STEPS[event.type];
  if (step === undefined) throw new TypeError(`not an event of the protocol: ${event.type}`);
  return step(model, event);
}

const STEPS = {
  /** The stream answered. It is live only once it says something: a gateway may still be looking
   * for what was missed, and ends every join with an event or a checkpoint. */
  opened: (model) => stay(model),

  snapshot(model, { version, epoch, layoutVersion, partial = false, cursor }) {
    const sameHistory = model.version !== null && epoch === model.epoch;
    if (partial && !sameHistory) return again(model, ['shut', 'wait'], { cursor: null });
    const layout = layoutVersion !== model.layoutVersion && model.layoutVersion !== null;
    // A gateway that lags behind the one before shows the past; what follows brings it here.
    const past = sameHistory && version < model.version;
    const known = past ? {} : { version, epoch, layoutVersion };
    const effects = past ? [] : [...(layout ? ['layout'] : []), partial ? 'merge' : 'replace'];
    return live(model, cursor, known, effects);
  },

  updated(model, { version, cursor }) {
    if (model.version === null) return stay(model);
    if (version < model.version) return stay(model, cursor);
    // A replay that began before us has come to where we are.
    if (version === model.version) return live(model, cursor, {}, NOTHING);
    if (version > model.version + 1) return again(model, ['shut', 'wait'], { cursor: null });
    return live(model, cursor, { version }, ['apply']);
  },

  /** The layout is part of the channel's history: without its geometry and a snapshot of the new
   * sections nothing after it can be shown. */
  layout(model, { version, layoutVersion }) {
    if (model.version === null || version <= model.version) return stay(model);
    if (version > model.version + 1) return again(model, ['shut', 'wait'], { cursor: null });
    return again(model, ['layout', 'shut', 'wait'], { version, layoutVersion, cursor: null });
  },

  /** Without a cursor it says only that the gateway lives, not that we are where it is. */
  checkpoint(model, { cursor }) {
    if (model.version === null || !cursor) return stay(model);
    return live(model, cursor, {}, NOTHING);
  },

  /** A private channel has no version. A cursor that is new says that all before it was delivered. */
  own(model, { cursor }) {
    const here = model.version !== null && cursor && cursor !== model.cursor;
    return here ? live(model, cursor, {}, ['own']) : { model, effects: ['own'] };
  },

  /** The history we knew is not the server's; its snapshot follows on the same stream. */
  reset: (model) => ({
    model: { ...interrupted(model), version: null, epoch: null, cursor: null },
    effects: ['forget'],
  }),

  /** What somebody else may see of the same sections comes by a snapshot. */
  renew: (model) => ({
    model: { ...interrupted(model), cursor: null, attempt: 0 },
    effects: ['shut', 'open'],
  }),

  reauth: (model) => again(model, ['shut', 'wait']),

  /** The browser noticed and reconnects by itself, with `Last-Event-ID`. */
  lost: (model) => ({ model: interrupted(model), effects: NOTHING }),

  /** An EventSource dies for good on any answer but 200; the reason is worth asking for. */
  dead: (model) => again(model, ['shut', 'ask', 'wait']),

  /** Not even a checkpoint: a half-open connection looks like a quiet one. */
  silent: (model) => again(model, ['shut', 'wait']),

  due: (model) => ({ model, effects: ['open'] }),
  refused: (model) => ({ model: { ...model, state: 'closed' }, effects: ['shut'] }),
  close: (model) => ({ model: { ...model, state: 'closed' }, effects: ['shut'] }),
};

function live(model, cursor, known, effects) {
  return {
    model: { ...model, ...known, state: 'live', cursor: cursor ?? model.cursor, attempt: 0 },
    effects,
  };
}

function stay(model, cursor = null) {
  return { model: cursor === null ? model : { ...model, cursor }, effects: NOTHING };
}

function again(model, effects, known = {}) {
  return { model: { ...interrupted(model), ...known, attempt: model.attempt + 1 }, effects };
}

function interrupted(model) {
  return { ...model, state: model.state === 'connecting' ? 'connecting' : 'refreshing' };
}
