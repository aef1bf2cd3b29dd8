import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Option } from './check/option.ts';
import { generateOptions } from './generate/contract/options.ts';

const path = new URL('../README.md', import.meta.url).pathname;

function table(options: Readonly<Record<string, Option>>): string {
  return [
    '| option | what it does | off | default |',
    '|---|---|---|---|',
    ...Object.entries(options).map(
      ([name, { help, off, default: value }]) => `| \`${name}\` | ${help} | ${shown(off)} | ${shown(value)} |`,
    ),
  ].join('\n');
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? value : JSON.stringify(value)}\``;
}

it('the README has the declared options of generate: run vitest with -u to write them', async () => {
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('<!-- options generate -->');
  const written = text.replace(
    /(<!-- options generate -->\n)[\s\S]*?(<!-- \/options -->)/,
    (_, before, after) => `${before}\n${table(generateOptions)}\n\n${after}`,
  );
  await expect(written).toMatchFileSnapshot(path);
});
