/**
 * The clients of the browser. Each takes the stream's URL and `tell(event, id, data)`.
 * The page is of the gateway's own origin: `/sdk/` is the gateway's, `/conformance/npm/` the test's.
 */

const NAMES = [
  'message',
  'snapshot',
  'availability.updated',
  'layout.updated',
  'customer.updated',
  'checkpoint',
  'reset',
  'reauth',
  'viewers',
];

export function native(url, tell) {
  const source = new EventSource(url);
  for (const name of NAMES)
    source.addEventListener(name, (event) => tell(event.type, event.lastEventId, event.data));
}

export async function fetchEventSource(url, tell) {
  const { fetchEventSource } = await import(
    '/conformance/npm/@microsoft/fetch-event-source/lib/esm/index.js'
  );
  void fetchEventSource(url, {
    openWhenHidden: true,
    // A stream that ends in order would be the end otherwise.
    onclose() {
      throw new Error('closed');
    },
    onmessage: ({ event, id, data }) => event && tell(event, id, data),
  });
}

/** Holdfast's own client. It hands out states, so each is told as the event that led to it. */
export async function sdk(url, tell) {
  const { watch } = await import('/sdk/holdfast.js');
  const { origin, pathname, searchParams } = new URL(url);
  const [, , , club, , venue] = pathname.split('/');
  const [date, slotId] = ['date', 'slotId'].map((name) => searchParams.get(name));
  watch({
    gateway: origin,
    club,
    venue,
    date,
    slotId,
    onState({ sections, changed, version, snapshot }) {
      const whole = { ...snapshot, version, sections: [...sections.values()] };
      const some = (id) => ({ version, sectionId: id, newState: sections.get(id).state });
      if (changed === null) tell('snapshot', '', JSON.stringify(whole));
      else for (const id of changed) tell('availability.updated', '', JSON.stringify(some(id)));
    },
  });
}

/** Plain `fetch` with a parser, as the README of `eventsource-parser` shows it. */
export async function plainFetch(url, tell) {
  const { EventSourceParserStream } = await import(
    '/conformance/npm/eventsource-parser/dist/stream.js'
  );
  const { body } = await fetch(url, { headers: { accept: 'text/event-stream' } });
  const texts = body.pipeThrough(new TextDecoderStream());
  const reader = texts.pipeThrough(new EventSourceParserStream()).getReader();
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      tell(value.event ?? 'message', value.id ?? '', value.data);
    }
  };
  void read();
}
