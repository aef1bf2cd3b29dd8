import type { Stats } from 'node:fs';

/** Undefined for what is not there, and where a path cannot be looked up: one that is too long, or goes through a file. */
export function statOf(path: string): Stats | undefined {
  try {
    return globalThis.process?.getBuiltinModule?.('node:fs')?.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
