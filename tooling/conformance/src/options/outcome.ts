import { TokenwrightError } from '@tokenwright/core';
import { CallerError, type Hostile } from './hostile-values.ts';
import type { Parameter, Target } from './target.ts';

/** One call with one wrong value. */
export interface Case {
  readonly target: Target;
  /** The argument or option that is wrong. */
  readonly parameter: Parameter;
  /** The names that an error may use for it. */
  readonly names: readonly string[];
  readonly value: string;
  /** Make the arguments, with fresh values. */
  make(): { readonly given: readonly unknown[]; readonly hostile: Hostile };
}

/** Milliseconds that a call may take, on a busy machine too. */
const patience = 10_000;

/** What is wrong with a call, in words; undefined when it worked or was refused as it should be. */
export async function faultOf({ target, parameter, names, value, make }: Case): Promise<string | undefined> {
  const { given, hostile } = make();
  const started = performance.now();
  let fault: string | undefined;
  try {
    await within(target.call(...given));
    if (hostile.value !== undefined && !holds(parameter, hostile.value)) fault = 'accepted a wrong type';
  } catch (error) {
    fault =
      hostile.value === undefined && parameter.valid === undefined
        ? faultOfAbsent(error, parameter, value)
        : faultOfError(error, names);
  }
  if (hostile.ranAway()) return `read without an end (${fault ?? 'and worked'})`;
  const time = performance.now() - started;
  return time > patience ? `took ${time} ms` : fault;
}

function holds({ type }: Parameter, value: unknown): boolean {
  try {
    return type(value);
  } catch {
    return false;
  }
}

/** `undefined` is as good as nothing, where nothing is allowed. Getters that throw and unknown names give no value either. */
function faultOfAbsent(error: unknown, parameter: Parameter, value: string): string | undefined {
  if (value !== 'undefined') return faultOfError(error, [parameter.name]);
  return `undefined was refused: ${error instanceof Error ? error.message : typeof error}`;
}

function faultOfError(error: unknown, names: readonly string[]): string | undefined {
  if (error instanceof CallerError) return undefined;
  // A class in place of a function looks like one until it is called.
  if (error instanceof TypeError && error.message.startsWith('Class constructor Instance')) return undefined;
  if (error === timeout) return 'did not return';
  if (!TokenwrightError.isInstance(error))
    return `an error of no type of the library: ${error instanceof Error ? `${error.name}: ${error.message}` : typeof error}`;
  const { message } = error;
  if (message.length > 5_000) return `a message of ${message.length} characters`;
  if (!names.some((name) => message.includes(name))) return `an error that does not name ${names[0]}: ${message}`;
  return undefined;
}

const timeout = Symbol('timeout');

/** Await with a limit; an endless loop that never yields is found by counting reads instead. */
async function within(call: unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timeout), patience);
  });
  try {
    await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
  }
}
