/** Node's own `fetch` with a parser, as the README of `eventsource-parser` shows it: `node fetch.mjs URL`. */

import { EventSourceParserStream } from 'eventsource-parser/stream';
import { tell } from './told.mjs';

const { body } = await fetch(process.argv[2], { headers: { accept: 'text/event-stream' } });
const texts = body.pipeThrough(new TextDecoderStream());
for await (const { event, id, data } of texts.pipeThrough(new EventSourceParserStream()))
  tell(event, id, data);
