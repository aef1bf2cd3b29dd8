/**
 * The program of a worker, as text: it instantiates the module with the memory that it receives, then runs `work` until
 * it is stopped, so no further message reaches it. As text it needs no separate file for bundlers to resolve. A page
 * whose Content-Security-Policy forbids `blob:` workers runs on one thread.
 */
export const workerSource = `
const start = async ({ module, memory, thread }, reply) => {
  try {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory }, tape: { now: () => performance.now() } });
    reply('ready');
    exports.work(thread);
  } catch (error) {
    reply(String(error));
  }
};
if (typeof require === 'function') {
  const { parentPort, workerData } = require('node:worker_threads');
  start(workerData, (message) => parentPort.postMessage(message));
} else {
  onmessage = ({ data }) => start(data, (message) => postMessage(message));
}
`;
