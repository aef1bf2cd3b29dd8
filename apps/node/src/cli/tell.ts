import type { Given } from './command.ts';

/** A line on standard error with --verbose. */
export function tell(given: Given, line: string): void {
  if (given.has('verbose')) process.stderr.write(`${line}\n`);
}

/** A line on standard error that a person should see in any case. */
export function note(line: string): void {
  process.stderr.write(`note: ${line}\n`);
}
