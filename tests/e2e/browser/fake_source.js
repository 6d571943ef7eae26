/**
 * Stands in for the browser's EventSource: records what is opened, and does what a test tells it.
 * `watching` starts a watch on it and keeps what the watch tells its caller.
 */

export class FakeSource extends EventTarget {
  static all = [];
  static CLOSED = 2;
  CONNECTING = 0;
  OPEN = 1;
  CLOSED = 2;
  readyState = 0;

  constructor(url) {
    super();
    this.url = url;
    FakeSource.all.push(this);
  }

  static get last() {
    return FakeSource.all.at(-1);
  }

  close() {
    this.readyState = this.CLOSED;
  }

  say(name, data, lastEventId = '') {
    this.readyState = this.OPEN;
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }

  /** `forGood`: as on any status but 200. */
  fail(forGood) {
    this.readyState = forGood ? this.CLOSED : this.CONNECTING;
    this.dispatchEvent(new Event('error'));
  }
}

const SECTIONS = ['t1', 't2'].map((sectionId) => ({
  sectionId,
  state: 'available',
  capacity: { total: 1, available: 1 },
  heldUntil: null,
}));

export function snapshot(version, more = {}) {
  return {
    epoch: 'e1',
    version,
    layoutVersion: 1,
    serverTime: '2026-02-15T20:00:00.000Z',
    sections: SECTIONS,
    ...more,
  };
}

export function updated(version, sectionId, newState) {
  return {
    version,
    sectionId,
    newState,
    capacity: { total: 1, available: newState === 'available' ? 1 : 0 },
    heldUntil: null,
  };
}

export async function watching(more = {}) {
  const { watch } = await import('/sdk/holdfast.js');
  FakeSource.all.length = 0;
  const told = { states: [], statuses: [], layouts: [], marks: [] };
  const stream = watch({
    gateway: 'http://gateway.test',
    club: 'backroom',
    venue: 'leeds',
    date: '2026-02-15',
    slotId: 'slot_21_00',
    EventSource: FakeSource,
    onState: ({ sections, changed, version }) =>
      told.states.push([version, changed, [...sections.values()].map(({ state }) => state).join(' ')]),
    onStatus: ({ state, problem }) => told.statuses.push(problem ? `${state} ${problem.code}` : state),
    onLayout: (layoutVersion) => told.layouts.push(layoutVersion),
    onMarks: (ids) => told.marks.push(ids),
    ...more,
  });
  return { stream, told };
}
