import type { Given } from './command.ts';

/** A line on standard error with --verbose. */
export function tell(given: Given, line: string): void {
  if (given.has('verbose')) process.stderr.write(`${line}\n`);
}

/** A line on standard error, with and without --verbose. */
export function note(line: string): void {
  process.stderr.write(`note: ${line}\n`);
}
