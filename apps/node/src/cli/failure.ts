import { ParameterError, TokenwrightError, UnknownOptionError } from '@tokenwright/core';

/** A mistake of the user, reported in one line without a stack. */
export class Failure extends Error {
  readonly status: number;

  /** @param status 1: the command failed; 2: the command line is wrong. */
  constructor(message: string, status = 1) {
    super(message);
    this.name = 'Failure';
    this.status = status;
  }
}

/** The command line is wrong. */
export function misuse(message: string): Failure {
  return new Failure(message, 2);
}

/** Read the value of a flag. What the library refuses is a mistake of the command line, and named after the flag. */
export function readingFlag<Result>(flag: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!TokenwrightError.isInstance(error)) throw error;
    if (!ParameterError.isInstance(error) && !UnknownOptionError.isInstance(error))
      throw misuse(`--${flag}: ${(error as Error).message}`);
    const { message, owner } = error as ParameterError | UnknownOptionError;
    const problem = message.slice(`${owner}: `.length);
    const parameter = ParameterError.isInstance(error) ? (error as ParameterError).parameter : '';
    const isFlag = [`--${flag}`, flag, flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    throw misuse(isFlag.includes(parameter) ? `--${flag}${problem.slice(parameter.length)}` : `--${flag}: ${problem}`);
  }
}

/** The line that reports an error, and the exit status. */
export function describeError(error: unknown): { readonly line: string; readonly status: number } {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s*\n\s*/g, ' ').trim();
  if (error instanceof Failure) return { line, status: error.status };
  if (TokenwrightError.isInstance(error)) return { line, status: 1 };
  return { line: `${line} (unexpected; --debug shows where)`, status: 1 };
}
