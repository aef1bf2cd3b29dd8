import type { Failure } from '../protocol.ts';

/** An error as the page shows it. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { line, column } = error as { line?: number; column?: number };
  return {
    name: error.name,
    message: error.message,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
