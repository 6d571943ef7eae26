/** What the Node clients share: the events there are, and how they are told to the test. */

export const NAMES = [
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

// What a service runs beside its stream: `eventsource` lets the process end while it waits to reconnect.
setInterval(() => {}, 60_000);

export function tell(event, id, data) {
  process.stdout.write(`${JSON.stringify([event ?? 'message', id ?? '', data])}\n`);
}
