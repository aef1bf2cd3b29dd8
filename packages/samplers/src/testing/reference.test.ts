import { readFileSync } from 'node:fs';
import type { AnySamplerFactory } from '@tokenwright/core/sampling';
import { expect, test } from 'vitest';
import { describeSamplers, samplerRegistry } from '../index.ts';
import { reference, withReference } from './reference.ts';

test('the reference of the README is that of the declarations (pnpm --filter @tokenwright/samplers reference)', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(withReference(readme)).toBe(readme);
});

test('every sampler and every option has its row', () => {
  const text = reference();
  for (const { factory, summary, options } of describeSamplers()) {
    expect(text).toContain(`| **\`${factory}\`** | ${summary}`);
    for (const { name, help } of options) expect(text).toContain(`| \`${name}\` | ${help.replaceAll('|', '\\|')} |`);
  }
});

test.each(describeSamplers())('$name: help is one sentence without a period, and its data is plain', (description) => {
  const { name, factory, summary, options } = description;
  expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  expect(factory).toMatch(/^[a-z][A-Za-z0-9]*$/);
  for (const text of [summary, ...options.map(({ help }) => help)]) expect(text).toMatch(/^[A-Z].*[^.]$/);
  expect(JSON.parse(JSON.stringify(options))).toMatchObject(
    options.map(({ name, kind, help }) => ({ name, kind, help })),
  );
});

test.each(describeSamplers().flatMap(({ factory, options }) => options.map((option) => ({ factory, option }))))(
  '$factory: default, off and suggested value of $option.name are allowed',
  ({ factory, option }) => {
    const { definition } = Object.values(samplerRegistry).find((make) => make.name === factory) as AnySamplerFactory;
    const declared = definition.options[option.name]!;
    for (const value of [option.default, option.off, option.suggested])
      if (value !== undefined) expect(declared.check(factory, option.name, value)).toEqual(value);
    if (option.required) expect(() => declared.check(factory, option.name, undefined)).toThrow();
  },
);
