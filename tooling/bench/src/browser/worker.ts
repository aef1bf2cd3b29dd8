import { Steps, type StepsSetting } from './steps.ts';

/** A request of the page to its worker. */
export type Question = { readonly open: StepsSetting } | { readonly time: number } | { readonly close: true };

// The global object of a worker; this project is typed for Node.
const scope = globalThis as unknown as {
  onmessage: (message: { readonly data: Question }) => void;
  postMessage(answer: { readonly answer?: number; readonly error?: string }): void;
};

let steps: Steps | undefined;

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ answer: await answer(data) });
  } catch (error) {
    scope.postMessage({ error: String(error) });
  }
};

async function answer(question: Question): Promise<number> {
  if ('open' in question) steps = await Steps.open(question.open);
  else if ('time' in question) return steps!.time(question.time);
  else await steps?.close();
  return 0;
}
