import type { Engine } from '@tokenwright/core';

/** The content of a golden file. */
export interface GoldenFile {
  /** Path under the folder of the goldens, with '/'. */
  readonly path: string;
  /** The folder of the goldens. */
  readonly root: string;
  readonly content: Readonly<Record<string, unknown>> & { readonly schema: string };
}

/** State that the adapters share during a run. */
export interface Setting {
  /** Starts the engine when the first model is needed. */
  engine(): Promise<Engine>;
  /** Register something to be released at the end of the file. */
  onClose(release: () => void): void;
}

/** One case of a file, ready to run: it returns its differences. */
export interface Golden {
  readonly id: string;
  run(): Promise<readonly string[]> | readonly string[];
}

/** Reads the cases of a file. One for each schema. */
export type OpenSuite = (file: GoldenFile, setting: Setting) => readonly Golden[];

/** The cases of a file. */
export function casesOf<Case extends { readonly id: string }>(file: GoldenFile, key = 'cases'): readonly Case[] {
  return file.content[key] as readonly Case[];
}

/** @throws TypeError when a case has a field that is neither compared nor listed as not needing comparison. */
export function checkFields(golden: object, known: readonly string[]): void {
  const unknown = Object.keys(golden).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new TypeError(`fields that no adapter reads: ${unknown.join(', ')}`);
}
