/** The outcome of one case. */
export type Outcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly differences: readonly string[] }
  | { readonly status: 'skipped'; readonly reason: string };

/** Thrown by an adapter that cannot run its case; the reason is printed. */
export class Skip extends Error {}

/** Run a case: an adapter returns the differences that it found, throws `Skip`, or throws another error. */
export async function outcomeOf(run: () => Promise<readonly string[]> | readonly string[]): Promise<Outcome> {
  try {
    const differences = await run();
    return differences.length === 0 ? { status: 'passed' } : { status: 'failed', differences };
  } catch (error) {
    if (error instanceof Skip) return { status: 'skipped', reason: error.message };
    return {
      status: 'failed',
      differences: [`raised ${described(error)}`],
    };
  }
}

/** The error and the innermost stack frames in our code. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return [`${error.name}: ${error.message}`, ...places.slice(0, 4)].join('\n');
}
