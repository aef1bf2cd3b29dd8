/**
 * The program of a worker, as text: it connects the module and the memory that it receives, and then runs `work` until it is
 * stopped, so no further message reaches it. As text it needs no file of its own, which bundlers would have to find. A page
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
