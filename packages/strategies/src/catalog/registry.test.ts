import { readdirSync, readFileSync } from 'node:fs';
import { type GenerateOptions, generateBatch } from '@tokenwright/core';
import { numberOption } from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { defineStrategy } from '@tokenwright/core/strategy';
import { toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { compatRegistry } from '../compat/index.ts';
import * as main from '../index.ts';
import { defineDrafter, describeDrafters, describeStrategies, drafterRegistry, strategyRegistry } from '../index.ts';

/** Names that the modules of these folders define, by reading their sources. */
function defined(define: string, folders: readonly string[]): string[] {
  const root = new URL('../', import.meta.url);
  return folders
    .flatMap((folder) => readdirSync(new URL(`${folder}/`, root)).map((file) => new URL(`${folder}/${file}`, root)))
    .filter(({ pathname }) => pathname.endsWith('.ts') && !pathname.endsWith('.test.ts'))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return [...text.matchAll(new RegExp(`^export const \\w+ = ${define}\\(\\{\\s+name: '([^']+)'`, 'gm'))];
    })
    .map(([, name]) => name!)
    .sort();
}

describe('the registries', () => {
  it('hold every strategy and drafter that a module defines: a new one needs one file and one export line', () => {
    expect(Object.keys(strategyRegistry)).toEqual(defined('defineStrategy', ['beams', 'reranking', 'speculation']));
    expect(Object.keys(drafterRegistry)).toEqual(defined('defineDrafter', ['speculation']));
    expect(Object.keys(compatRegistry)).toEqual(defined('defineStrategy', ['compat']));
    expect(Object.keys(strategyRegistry).length).toBeGreaterThan(0);
  });

  it('hold what the main entry exports, under the same name in camelCase', () => {
    for (const [name, factory] of Object.entries({ ...strategyRegistry, ...drafterRegistry })) {
      expect(factory.definition.name).toBe(name);
      expect((main as Readonly<Record<string, unknown>>)[camelCase(name)]).toBe(factory);
    }
  });

  it('accept a strategy of a third party', async () => {
    const uniform = defineStrategy({
      name: 'last-of-many',
      summary: 'Advance, and accept the last token of the vocabulary',
      options: { count: numberOption({ default: 3, help: 'Unused' }) },
      create: () => ({
        async *decode(run) {
          let rows = await run.start();
          while (rows.length > 0) {
            const scores = await run.advance(rows);
            rows = yield* run.accept(
              rows,
              rows.map(() => run.model.vocabSize - 1),
              scores,
            );
          }
        },
      }),
    });
    const strategies = { ...strategyRegistry, [uniform.definition.name]: uniform };
    expect(describeStrategies(strategies).map(({ name }) => name)).toContain('last-of-many');
    const strategy = main.strategyFromJson(main.strategyToJson(uniform(), { strategies }), { strategies });
    const { ids } = await generateBatch(toyModel(), [[1]], { strategy, maxNewTokens: 2, eosTokenIds: [] });
    expect(ids).toEqual([[7, 7]]);
  });
});

describe('descriptions', () => {
  it('say everything about each option', () => {
    expect(describeStrategies().find(({ name }) => name === 'beam-search')).toMatchObject({
      factory: 'beamSearch',
      summary: expect.stringMatching(/^Follow/),
      options: [
        { name: 'numBeams', kind: 'integer', optional: false, min: 1, off: 1, suggested: 4 },
        { name: 'lengthPenalty', kind: 'number', optional: true, default: 1, off: 0 },
        { name: 'earlyStopping', kind: 'choice', default: false, choices: [true, false, 'never'] },
        { name: 'doSample', kind: 'boolean', default: false },
      ],
    });
    expect(describeDrafters().map(({ name }) => name)).toEqual(['draft-model', 'early-exit', 'prompt-lookup']);
  });

  it.each([...describeStrategies(), ...describeDrafters(), ...describeStrategies(compatRegistry)])(
    '$name has help for each option, a source, and suggested values that its own checks accept',
    ({ name, summary, source, options }) => {
      for (const text of [summary, source, ...options.map(({ help }) => help)]) expect(text).toMatch(/^\w.*[^.\s]$/);
      const { definition } = { ...strategyRegistry, ...drafterRegistry, ...compatRegistry }[name]!;
      for (const [option, { suggested, default: usual, off, check }] of Object.entries(definition.options))
        for (const value of [suggested, usual, off])
          if (value !== undefined) expect(check(name, option, value)).toEqual(value);
    },
  );

  it.each(
    [...describeStrategies(), ...describeStrategies(compatRegistry)].filter(
      ({ options }) => !options.some(({ kind, optional }) => kind === 'code' && !optional),
    ),
  )('$name works with its suggested values', async ({ name, options }) => {
    const given = Object.fromEntries(
      options.filter(({ optional }) => !optional).map(({ name: option, suggested }) => [option, suggested]),
    );
    const strategy = { ...strategyRegistry, ...compatRegistry }[name]!(given as never);
    const { ids } = await generateBatch(toyModel(), [[1, 2]], { strategy, maxNewTokens: 3, eosTokenIds: [], seed: 1 });
    expect(ids[0]).toHaveLength(3);
  });
});

it('a drafter of a third party drafts', async () => {
  const repeatLast = defineDrafter({
    name: 'repeat-last',
    summary: 'Propose the last token again',
    options: {},
    create: () => ({
      open: () => ({
        propose: async (rows) => rows.map(({ history }) => [{ id: history.at(-1)! }]),
        gather() {},
        dispose() {},
      }),
    }),
  });
  const model = toyModel({ seed: 3 });
  const options: GenerateOptions = { maxNewTokens: 20, eosTokenIds: [], seed: 4, samplers: [] };
  const strategy = main.speculative({ draft: repeatLast(), accept: 'match' });
  const { ids, sequences } = await generateBatch(model, [[1, 2]], { ...options, strategy });
  expect(ids).toEqual((await generateBatch(model, [[1, 2]], options)).ids);
  expect(sequences[0]!.usage.draftedTokens).toBeGreaterThan(0);
});
