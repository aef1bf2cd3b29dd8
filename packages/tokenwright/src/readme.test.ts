import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { languageModel } from './index.ts';
import { optionTables } from './testing/options-table.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the tables of options are those of the declarations: pnpm reference writes them', () => {
  expect(readme).toContain(optionTables());
});

it('the first lines are an install of one package, and three lines', async () => {
  expect(/```sh\n([\s\S]*?)```/.exec(readme)![1]!.trim()).toBe('npm install tokenwright');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  expect(code.trim().split('\n').filter(Boolean)).toHaveLength(3);
  const [, name] = /languageModel\('(.+)'\)/.exec(code)!;
  await using lm = await languageModel(name!);
  expect((await lm.generate('Once upon a time', { maxNewTokens: 3 })).ids).toHaveLength(3);
});
