import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the recorded results, which are not part of the repository: TOKENWRIGHT_GOLDENS, or by default `shared/goldens` beside
 * the checkout. Undefined when it does not exist.
 */
export function goldensFolder(): string | undefined {
  const folder =
    process.env.TOKENWRIGHT_GOLDENS ?? fileURLToPath(new URL('../../../../../shared/goldens', import.meta.url));
  if (existsSync(folder)) return folder;
  console.log(
    `No recorded results at ${folder}: the tests that need them are skipped. Set TOKENWRIGHT_GOLDENS to use another folder.`,
  );
  return undefined;
}
