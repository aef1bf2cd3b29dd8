import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import { chainFromJson, chainToJson, describeSamplers, samplerRegistry } from '../index.ts';

test.each([
  [{ share: 0.5 }, [1, 3]],
  [{ share: 0.1 }, [1]],
  [{ share: 1 }, [0, 1, 2, 3]],
  [{ k: 2 }, [1, 3]],
])('top-k %j', (options, kept) => {
  const logits = [0.1, 0.4, 0.2, 0.3];
  const result = shaped(compat.topK(options), logits);
  expect(candidatesOf(result)).toEqual(kept);
  for (const id of kept) expect(result[id]).toBe(Math.fround(logits[id]!));
});

test.each([
  [0.5, [0, 1, 2]],
  [0.25, [0, 1]],
  [0, [0]],
])('top-p %d keeps a token when the mass before it is exactly p', (p, kept) => {
  const quarters = [0, 0, 0, 0];
  expect(candidatesOf(shaped(compat.topP({ p, border: 'at-most' }), quarters))).toEqual(kept);
});

test('a kernel does not replace a rule that the engines do not have', () => {
  expect(compat.topK({ share: 0.5 })).not.toHaveProperty('kernel');
  expect(compat.topP({ p: 0.5, border: 'at-most' })).not.toHaveProperty('kernel');
  expect(compat.topK({ k: 5 }).kernel).toEqual({ reads: 5, keep: { top: 5 } });
  expect(compat.topP({ p: 0.5 }).kernel).toEqual({ keep: { mass: 0.5 - 2 ** -21 } });
});

test('refuse what they cannot do', () => {
  expect(() => compat.topK({ share: 1.5 })).toThrow(ParameterError);
  expect(() => compat.topK({ k: 2, share: 0.5 })).toThrow('topK: share must be absent when k is given');
  expect(() => compat.topK({})).toThrow('topK: k must be an integer of at least 1, but undefined was given.');
  expect(() => compat.topP({ p: 0.5, border: 'above' } as never)).toThrow(UnknownOptionError);
  expect(() => compat.typicalP({ p: 0.5, ties: 'some' } as never)).toThrow(UnknownOptionError);
  expect(() => compat.dynamicTemperature({ range: 1, listed: 0 })).toThrow(
    "dynamicTemperature: listed must be an integer of at least 1 or 'left' or 'vocabulary', but 0 was given.",
  );
  expect(() => compat.mirostat1({ overflow: 'wrap' } as never)).toThrow(UnknownOptionError);
  expect(() => compat.topP({ p: 0.5, listed: 3 } as never)).toThrow(UnknownOptionError);
});

const { compatRegistry, detectKgwWatermark: _, ...factories } = compat;

describe.each(Object.entries(factories))('%s', (name, { definition }) => {
  const published = samplerRegistry[definition.name]!.definition!;

  test('differs from the published sampler by its switches only', () => {
    const { options, create: _, ...rest } = definition;
    const { options: publishedOptions, create: __, ...publishedRest } = published;
    expect(rest).toEqual(publishedRest);
    expect(Object.keys(options)).toEqual(expect.arrayContaining(Object.keys(publishedOptions)));
    const switches = Object.keys(options).filter((option) => !Object.hasOwn(publishedOptions, option));
    expect(switches.length, name).toBeGreaterThan(0);
    for (const option of switches) expect(options[option as keyof typeof options]).toMatchObject({ optional: true });
  });
});

test('chains with switches survive JSON, but no form offers a switch', () => {
  const chain = [compat.topK({ share: 0.1 }), compat.typicalP({ p: 0.5, border: 'at-most', ties: 'cut' })];
  expect(chainToJson(chainFromJson(JSON.parse(JSON.stringify(chainToJson(chain)))))).toEqual(chainToJson(chain));
  expect(() => chainFromJson(chainToJson(chain), samplerRegistry)).toThrow(UnknownOptionError);
  const offered = describeSamplers().find(({ name }) => name === 'typical-p')!;
  expect(offered.options.map(({ name }) => name)).toEqual(['p', 'minKeep']);
  expect(Object.keys(compatRegistry).sort()).toEqual(Object.keys(samplerRegistry).sort());
});
