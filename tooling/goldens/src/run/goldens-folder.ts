import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Where the recorded results are: the folder that TOKENWRIGHT_GOLDENS names, else `shared/goldens` beside the checkout.
 * Undefined when there is none; they are not part of the repository.
 */
export function goldensFolder(): string | undefined {
  const folder =
    process.env.TOKENWRIGHT_GOLDENS ?? fileURLToPath(new URL('../../../../../shared/goldens', import.meta.url));
  if (existsSync(folder)) return folder;
  console.log(
    `No recorded results at ${folder}: what needs them is skipped. TOKENWRIGHT_GOLDENS names another folder.`,
  );
  return undefined;
}
