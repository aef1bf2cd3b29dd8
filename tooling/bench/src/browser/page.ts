import type { Question } from './worker.ts';

interface Answer {
  readonly answer: number;
  readonly error?: string;
}

// The bundler recognizes the worker by this expression.
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** Send a request to the worker. The bench calls this from outside the page. */
function ask(question: Question): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: { readonly data: Answer }) =>
      data.error === undefined ? resolve(data.answer) : reject(new Error(data.error));
    worker.onerror = ({ message }) => reject(new Error(message || 'The worker did not start.'));
    worker.postMessage(question);
  });
}

Object.assign(globalThis, { ask });
