// Writes the reference table of README.md from the declarations: pnpm --filter @tokenwright/samplers reference.
import { readFileSync, writeFileSync } from 'node:fs';
import { withReference } from '../src/testing/reference.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withReference(readFileSync(readme, 'utf8')));
