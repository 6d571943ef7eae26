/** npm `eventsource-client`, as its README shows it: `node eventsource_client.mjs URL`. */

import { createEventSource } from 'eventsource-client';
import { tell } from './told.mjs';

const source = createEventSource(process.argv[2]);
for await (const { event, id, data } of source) tell(event, id, data);
