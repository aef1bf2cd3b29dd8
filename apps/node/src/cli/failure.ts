import { TokenwrightError } from '@tokenwright/core';

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

/** The line that reports an error, and the exit status. */
export function describeError(error: unknown): { readonly line: string; readonly status: number } {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.replace(/\s*\n\s*/g, ' ').trim();
  if (error instanceof Failure) return { line, status: error.status };
  if (TokenwrightError.isInstance(error)) return { line, status: 1 };
  return { line: `${line} (unexpected; --debug shows where)`, status: 1 };
}
