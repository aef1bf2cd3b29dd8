import { forEachCandidate, type HostSampler, type Sampler } from '@tokenwright/core';
import { hasDeviceForm, hasHostForm, hasMaskForm, logSumExp, probabilities } from '@tokenwright/core/sampling';
import { positionIn, prepared } from '../../user-code-text.ts';

/** An error in the code of the custom sampler, with its position, from 1. */
export class UserCodeError extends Error {
  override readonly name = 'UserCodeError';
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(message: string, at: { readonly line: number; readonly column: number } | undefined, cause?: unknown) {
    super(message, { cause });
    this.line = at?.line;
    this.column = at?.column;
  }
}

/** Called when user code starts and ends, so that the page can terminate code that does not end. */
export type Watch = (running: boolean) => void;

/** Compile the sampler that the code exports. The code may use `text` and a few functions of the library. */
export async function compile(code: string, text: (id: number) => string, watch: Watch): Promise<HostSampler> {
  const scope = { text, forEachCandidate, logSumExp, probabilities };
  let make: (...values: unknown[]) => unknown;
  try {
    make = new Function(...Object.keys(scope), prepared(code)) as typeof make;
  } catch (error) {
    throw await syntaxError(code, error);
  }
  const sampler = guarded(watch, () => make(...Object.values(scope)));
  if (!isSampler(sampler))
    throw new UserCodeError(
      "The code must end in 'export default' with an object that has a name and a function onHost(logits, step).",
      undefined,
    );
  return watched(sampler, watch);
}

/** The same sampler. Reports when it runs, and the position of errors. */
function watched(sampler: Sampler, watch: Watch): HostSampler {
  const { name, parameters, traits } = sampler;
  const description = { name, ...(parameters === undefined ? {} : { parameters }), ...(traits && { traits }) };
  if (!hasHostForm(sampler))
    throw new UserCodeError('A custom sampler needs the host form: give it onHost(logits, step).', undefined);
  return { ...description, onHost: (logits, step) => guarded(watch, () => sampler.onHost(logits, step)) };
}

function guarded<Result>(watch: Watch, work: () => Result): Result {
  watch(true);
  try {
    return work();
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    throw new UserCodeError(
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      positionIn(stack),
      error,
    );
  } finally {
    watch(false);
  }
}

function isSampler(value: unknown): value is Sampler {
  if (typeof value !== 'object' || value === null) return false;
  const sampler = value as Sampler;
  return typeof sampler.name === 'string' && (hasHostForm(sampler) || hasMaskForm(sampler) || hasDeviceForm(sampler));
}

/** Only a separate script reports the position of a syntax error. The code is wrapped in a function, so none of it runs. */
function syntaxError(code: string, cause: unknown): Promise<UserCodeError> {
  const message = cause instanceof Error ? cause.message : String(cause);
  const hint = /(const|let|var)\s+\w+\s*:|\)\s*:\s*\w+\s*=>|\bas\s+\w+/.test(code)
    ? ' Type annotations are not supported here; remove them.'
    : '';
  return new Promise((resolve) => {
    const script = new Blob([`(function () {${prepared(code)}\n})`], { type: 'text/javascript' });
    const url = URL.createObjectURL(script);
    const worker = new Worker(url);
    const finish = (at?: { line: number; column: number }): void => {
      clearTimeout(timer);
      worker.terminate();
      URL.revokeObjectURL(url);
      resolve(new UserCodeError(`SyntaxError: ${message}${hint}`, at, cause));
    };
    const timer = setTimeout(finish, 1000);
    worker.onerror = (event) => {
      event.preventDefault();
      finish(event.lineno > 0 ? { line: event.lineno, column: event.colno } : undefined);
    };
  });
}
