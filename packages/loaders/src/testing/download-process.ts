import { hubModel } from '../hub/hub-model.ts';

// A process that downloads, to be killed: `node download-process.ts ENDPOINT CACHE`. It writes how far it is.
const [endpoint = '', cache = ''] = process.argv.slice(2);
process.stdout.write('begun\n');
await hubModel('org/name', {
  endpoint,
  cache,
  token: false,
  onProgress: ({ loaded, total }) => process.stdout.write(`${Math.floor((100 * loaded) / total)}\n`),
});
process.stdout.write('done\n');
