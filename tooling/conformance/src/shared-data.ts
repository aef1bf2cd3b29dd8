import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const root = new URL('../../../../shared/', import.meta.url);

/** The path of a file or folder of the shared data beside the repository; undefined when it is absent. */
export function sharedPath(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, root));
  return existsSync(path) ? path : undefined;
}

/** A suite over shared data; skipped, with a line that says so, where that data is absent. */
export function describeShared(title: string, folder: string, suite: (path: string) => void): void {
  const path = sharedPath(folder);
  if (path !== undefined) {
    describe(title, () => suite(path));
    return;
  }
  process.stderr.write(`\n*** SKIPPED: ${title}: ../shared/${folder} is absent.\n\n`);
  // The suite is not collected, since collecting it may read the data.
  describe.skip(`${title} (../shared/${folder} is absent)`, () => {
    it('reads the shared data', () => {});
  });
}
