// `npm run stop`: ends every service and process that runs from this checkout; keeps the data.
import { readFlags } from './local/flags.ts';
import { stopAll } from './local/stop-all.ts';

readFlags(
  `npm run stop

Ends what \`npm start\`, \`npm test\` and benches of this checkout have running: the run itself, the
application's processes, PostgreSQL, Redis and Temporal. Data stays; \`npm run reset\` deletes it.`,
  [],
);

const ended = await stopAll();
console.log(ended.length === 0 ? 'Nothing of this checkout is running.' : ended.join('\n'));
