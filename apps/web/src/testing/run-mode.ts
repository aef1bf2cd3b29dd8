import { describe } from 'vitest';
import { chromiumPath, hasChromium } from './site.ts';

/** True on a machine where a missing browser is a failure, not a reason to skip. */
const isCi = !['', '0', 'false'].includes(process.env.CI ?? '');

/** A suite that needs a browser; skipped, with a line that says so, where there is none. */
export function describePage(title: string, suite: () => void): void {
  if (hasChromium) {
    describe(title, suite);
    return;
  }
  const line = `no Chromium at ${chromiumPath}: install one, or set CHROMIUM_PATH`;
  if (isCi) throw new Error(`${title} cannot be tested, ${line}.`);
  process.stderr.write(`\n*** SKIPPED: ${title}, ${line}.\n\n`);
  describe.skip(`${title} (${line})`, suite);
}
