// Prints the files that a reader opens, in this order, to follow one decoding step: node src/loop.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.ts';

const core = 'packages/core/src';

/** From the loop to the event that the caller receives. */
export const loopFiles: readonly string[] = [
  `${core}/generate/run/sampling.ts`,
  `${core}/generate/run/run.ts`,
  `${core}/model/advance.ts`,
  `${core}/sampling/chain/scores.ts`,
  `${core}/sampling/chain/shaping.ts`,
  `${core}/sampling/chain/host-row.ts`,
  `${core}/generate/run/emission.ts`,
];

export const maximumFiles = 8;
/** Lines of these files together, comments included. */
export const maximumLines = 800;

/** @throws Error for a file that does not exist. */
export function linesOf(path: string): number {
  return readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length;
}

if (import.meta.main) {
  for (const path of loopFiles) console.log(`${String(linesOf(path)).padStart(5)}  ${path}`);
  const sum = loopFiles.reduce((total, path) => total + linesOf(path), 0);
  console.log(`${String(sum).padStart(5)}  lines in ${loopFiles.length} files`);
}
