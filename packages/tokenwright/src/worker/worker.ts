/**
 * The program of a Worker that runs a language model. `languageModel(source, { worker: true })` starts it; a bundler that does not find it
 * builds it as an entry of its own, and `worker` is then its URL.
 */
import { UnsupportedError } from '@tokenwright/core';
import type { FromWorker, ToWorker } from './messages.ts';
import { serve } from './serve.ts';

interface WorkerScope {
  readonly document?: unknown;
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
if (threads?.parentPort) {
  const { parentPort } = threads;
  parentPort.on(
    'message',
    serve((message) => parentPort.postMessage(message)),
  );
} else {
  const scope = globalThis as unknown as WorkerScope;
  if (typeof scope.document !== 'undefined' || threads?.isMainThread)
    throw new UnsupportedError(
      'the main thread',
      "'tokenwright/worker'",
      'It is the program of a Worker: give languageModel the option `worker`.',
    );
  const receive = serve((message) => scope.postMessage(message));
  scope.onmessage = ({ data }) => receive(data);
}
