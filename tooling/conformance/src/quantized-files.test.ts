import { fusedWasm, type WeightFormat } from '@tokenwright/backends/wasm';
import type { Engine, LanguageModel } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { files, load, type ModelSource } from '@tokenwright/loaders';
import { convertModel, memorySink } from '@tokenwright/loaders/convert';
import { describe, expect, it } from 'vitest';

async function logitsOf(model: LanguageModel, ids: readonly number[]): Promise<Float32Array> {
  const cache = model.createCache();
  const { logits, dispose } = model.forward([ids], cache, { scored: ids.length });
  try {
    return await logits.read();
  } finally {
    dispose();
    cache.dispose();
  }
}

async function onEngine(engine: Engine, source: ModelSource): Promise<Float32Array> {
  const { model, tokenizer, dispose } = await load(source, { engine });
  try {
    return await logitsOf(model, tokenizer.encode('Once upon a time there was a dog'));
  } finally {
    dispose();
  }
}

/** Files are quantized in the same way as by the fused engine, so it holds the same weights from either file. */
describe('a quantized file on the fused engine in its own format', () => {
  it.each<WeightFormat & ('8-bit' | '8-bit-blocks' | '4-bit-blocks')>(['8-bit', '8-bit-blocks', '4-bit-blocks'])(
    '%s gives the logits of the original, bit for bit',
    async (format) => {
      const original = demoModel('story-amateur');
      const sink = memorySink();
      await convertModel(original, sink, { format });
      const engine = await fusedWasm({ weights: format, threads: 1 }).start();
      try {
        const expected = await onEngine(engine, original);
        expect(await onEngine(engine, files(sink.contents))).toEqual(expected);
      } finally {
        await engine.dispose();
      }
    },
  );
});
