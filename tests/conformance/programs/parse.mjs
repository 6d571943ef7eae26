/**
 * npm `eventsource-parser` on given bytes: a line of JSON on standard input is the chunks of one stream
 * in base64, a line on standard output what was heard: `{events: [[event, id, data]], retry, comments}`.
 * The id is the last one so far, as the standard has it.
 */

import { createInterface } from 'node:readline';
import { createParser } from 'eventsource-parser';

for await (const line of createInterface({ input: process.stdin })) {
  const heard = { events: [], retry: null, comments: [] };
  let last = '';
  const parser = createParser({
    onEvent: ({ event, id, data }) => {
      last = id ?? last;
      heard.events.push([event ?? 'message', last, data]);
    },
    onRetry: (milliseconds) => (heard.retry = milliseconds),
    onComment: (comment) => heard.comments.push(comment),
    onError: (error) => {
      throw error;
    },
  });
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const chunk of JSON.parse(line))
    parser.feed(decoder.decode(Buffer.from(chunk, 'base64'), { stream: true }));
  process.stdout.write(`${JSON.stringify(heard)}\n`);
}
