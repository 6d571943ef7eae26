/** npm `eventsource`, as its README shows it: `node eventsource.mjs URL`. A line of JSON per event. */

import { EventSource } from 'eventsource';
import { NAMES, tell } from './told.mjs';

const source = new EventSource(process.argv[2]);
for (const name of NAMES)
  source.addEventListener(name, (event) => tell(event.type, event.lastEventId, event.data));
