import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Description, OptionDescription } from './catalog/registry.ts';
import { compatRegistry } from './compat/index.ts';
import { describeDrafters, describeStrategies } from './index.ts';

const path = new URL('../README.md', import.meta.url).pathname;
const described = [...describeStrategies(), ...describeDrafters(), ...describeStrategies(compatRegistry)];

/** The summary, the source and the table of options of a strategy or a drafter. */
function reference({ summary, source, options }: Description): string {
  return [
    `${summary}.`,
    ...(source === undefined ? [] : ['', `Source: ${source}.`]),
    '',
    '| option | values | default | off | help |',
    '|---|---|---|---|---|',
    ...options.map(
      (option) =>
        `| \`${option.name}\` | ${valuesOf(option)} | ${option.optional ? shown(option.default) : 'required'} | ${shown(option.off)} | ${option.help} |`,
    ),
  ].join('\n');
}

function valuesOf({ kind, choices, min, max }: OptionDescription): string {
  if (choices !== undefined) return choices.map(shown).join(', ');
  if (min !== undefined && max !== undefined) return `${kind}, ${min} to ${max}`;
  if (min !== undefined) return `${kind}, at least ${min}`;
  return kind;
}

function shown(value: unknown): string {
  return value === undefined ? '' : `\`${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}\``;
}

/** The text with the reference of each strategy between its two marks. */
function withReferences(text: string): string {
  return text.replace(/(<!-- options ([\w-]+) -->\n)[\s\S]*?(<!-- \/options -->)/g, (_, before, name, after) => {
    const description = described.find((each) => each.name === name);
    return description === undefined ? `${before}${after}` : `${before}\n${reference(description)}\n\n${after}`;
  });
}

it('the README has the declared options: run vitest with -u to write them', async () => {
  await expect(withReferences(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path);
});

it('the README has a section for each strategy and drafter, and no other', () => {
  const names = [...readFileSync(path, 'utf8').matchAll(/^### (\w+)\n\n<!-- options ([\w-]+) -->/gm)];
  expect(names.map(([, factory, name]) => [name, factory]).sort()).toEqual(
    described.map(({ name, factory }) => [name, factory]).sort(),
  );
});
