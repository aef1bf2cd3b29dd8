/** The second thread of the read limit: waits for a control word to change, reads its half, and signals completion. */
import { parentPort, workerData } from 'node:worker_threads';
import { control, type ReadLimitWorkerData } from './read-limit.ts';
import { connectReadLoop } from './read-loop.ts';

const { module, memory, control: words, from, to } = workerData as ReadLimitWorkerData;
const loop = await connectReadLoop(module, memory);
// The engine's compiler makes a loop fast only after it has run for a while.
loop.sum(from, to);
parentPort?.postMessage('ready');
for (let command = 0; ; command = Atomics.load(words, control.command)) {
  if (command > 0) {
    words[control.sum] = loop.sum(from, to);
    Atomics.store(words, control.answer, command);
    Atomics.notify(words, control.answer);
  }
  Atomics.wait(words, control.command, command);
}
