import '@tensorflow/tfjs-backend-cpu';
import { CacheError, DecodingState, type Engine, generate, type LanguageModel } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folder } from './sources/model-source.ts';
import { byteChanges, changed, changedBytes, changes, fuzzRuns, type Json } from './testing/mutations.ts';
import { allocatingAtMost, refusal } from './testing/survival.ts';
import { loadTokenizer } from './tokenizer/open-tokenizer.ts';
import type { LoadedTokenizer } from './tokenizer/tokenizer.ts';

let engine: Engine;
let model: LanguageModel;
let tokenizer: LoadedTokenizer;
let cacheBytes: Uint8Array;
let stateBytes: Uint8Array;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
  const { architecture, config } = tinyModels[0]!;
  model = await createModel(engine, architecture, config, seededWeights(architecture, config));
  tokenizer = await loadTokenizer(folder(new URL('../../demo-model/models/story-amateur', import.meta.url)));
  const state = DecodingState.open(model, [1, 2, 3], { seed: 5, tokenizer });
  await generate(model, state, { maxNewTokens: 3 });
  stateBytes = await state.serialize();
  cacheBytes = await state.cache.serialize();
  state.dispose();
});
afterAll(async () => {
  model.dispose();
  await engine.dispose();
});

/** The header of either kind of bytes as JSON, changed, in front of the rest. */
function withHeader(bytes: Uint8Array, change: (header: Json) => Json): Uint8Array {
  return withText(bytes, (text) => JSON.stringify(change(JSON.parse(text) as Json)));
}

function withText(bytes: Uint8Array, change: (header: string) => string): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const text = new TextEncoder().encode(change(new TextDecoder().decode(bytes.subarray(12, 12 + length))));
  const result = new Uint8Array(12 + text.length + bytes.length - 12 - length);
  result.set(bytes.subarray(0, 8));
  new DataView(result.buffer).setUint32(8, text.length, true);
  result.set(text, 12);
  result.set(bytes.subarray(12 + length), 12 + text.length);
  return result;
}

const words = [
  'fingerprint',
  'tokens',
  'memories',
  'text',
  'sources',
  'float32',
  'stream',
  'window',
  'values',
  'drawn',
];

/** Restore, and release what came of it. Only a CacheError may, and nothing may stay allocated. */
async function survives(bytes: Uint8Array, restore: (bytes: Uint8Array) => { dispose(): void }): Promise<boolean> {
  const before = engine.memory();
  // A preallocated cache has room for 64 slots of each row at least.
  const error = await refusal(() => allocatingAtMost(1 << 16, async () => restore(bytes).dispose()));
  expect(engine.memory()).toEqual(before);
  if (error !== undefined) expect(error).toBeInstanceOf(CacheError);
  return error === undefined;
}

const kinds = [
  ['cache', () => cacheBytes, (bytes: Uint8Array) => model.restoreCache(bytes)],
  ['state', () => stateBytes, (bytes: Uint8Array) => DecodingState.restore(model, bytes, { tokenizer })],
] as const;

it.each(kinds)('refuses values nested too deep in a %s', async (_, bytes, restore) => {
  const lists = '['.repeat(20_000) + ']'.repeat(20_000);
  for (const field of ['fingerprint', 'tokens']) {
    const deep = withText(bytes(), (text) => text.replace(`"${field}":`, `"${field}":${lists},"_":`));
    expect(await survives(deep, restore), field).toBe(false);
  }
});

it.each(kinds)(
  'answers every changed header of a %s with it or a CacheError',
  { timeout: 600_000 },
  async (_, bytes, restore) => {
    expect(await survives(bytes(), restore)).toBe(true);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(changes(words), async (all) => {
        if (
          !(await survives(
            withHeader(bytes(), (header) => changed(header, all)),
            restore,
          ))
        )
          refused++;
      }),
      { numRuns: Math.ceil(fuzzRuns / 2) },
    );
    expect(refused).toBeGreaterThan(fuzzRuns / 10);
  },
);

it.each(kinds)(
  'answers every changed byte of a %s with it or a CacheError',
  { timeout: 600_000 },
  async (_, bytes, restore) => {
    await fc.assert(
      fc.asyncProperty(byteChanges, async (all) => void (await survives(changedBytes(bytes(), all), restore))),
      { numRuns: Math.ceil(fuzzRuns / 2) },
    );
  },
);

it('continues from every state that it accepts', { timeout: 600_000 }, async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(changes(words, 1), async (all) => {
      let state: DecodingState;
      try {
        state = DecodingState.restore(
          model,
          withHeader(stateBytes, (header) => changed(header, all)),
          { tokenizer },
        );
      } catch {
        return;
      }
      accepted++;
      const error = await refusal(async () => void (await generate(model, state, { maxNewTokens: 1 })));
      state.dispose();
      expect(error).toBeUndefined();
    }),
    { numRuns: Math.ceil(fuzzRuns / 10) },
  );
  expect(accepted).toBeGreaterThan(0);
});
