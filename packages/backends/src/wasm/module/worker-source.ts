/**
 * The program of a worker, as text: it connects the module that it is sent with the memory, and stays in `work` until it is
 * stopped, so it gets no further message. As text it needs no file of its own, which bundlers would have to find; a page
 * whose Content-Security-Policy forbids `blob:` workers has to run with one thread.
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
