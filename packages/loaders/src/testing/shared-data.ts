import { existsSync } from 'node:fs';

const root = new URL('../../../../../shared/', import.meta.url);

/** Where data beside the checkout is: fixtures that are not ours to publish, and recorded results of other systems. */
export function sharedUrl(path: string): URL {
  return new URL(path, root);
}

/** Whether that data is there. Where it is not, a line says which tests are skipped. */
export function hasShared(path: string, tests: string): boolean {
  const isThere = existsSync(sharedUrl(path));
  if (!isThere) process.stderr.write(`\n*** SKIPPED: ${tests}: ../shared/${path} is absent.\n\n`);
  return isThere;
}
