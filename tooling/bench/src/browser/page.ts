import type { Question } from './worker.ts';

interface Answer {
  readonly answer: number;
  readonly error?: string;
}

// The bundler finds the worker by these words.
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** Ask the worker. The bench calls this from outside of the page. */
function ask(question: Question): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: { readonly data: Answer }) =>
      data.error === undefined ? resolve(data.answer) : reject(new Error(data.error));
    worker.onerror = ({ message }) => reject(new Error(message || 'The worker does not start.'));
    worker.postMessage(question);
  });
}

Object.assign(globalThis, { ask });
