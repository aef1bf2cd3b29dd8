import type { Given } from './command.ts';
import { report } from './output.ts';

/** A line on standard error with --verbose. */
export function tell(given: Given, line: string): void {
  if (given.has('verbose')) report(`${line}\n`);
}

/** A line on standard error, with and without --verbose. */
export function note(line: string): void {
  report(`note: ${line}\n`);
}
