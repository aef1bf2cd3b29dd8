import '@tensorflow/tfjs-backend-cpu';
import { type Engine, score } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelInput } from '../checkpoint/model-input.ts';
import { inspectModel } from '../inspect.ts';
import { load } from '../load.ts';
import { folder } from '../sources/model-source.ts';
import { greedy } from '../testing/greedy.ts';
import { hasShared } from '../testing/shared-data.ts';
import { storiesFolder, storiesGguf, unseenStory } from '../testing/stories.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

/** What the model writes, and how well it foretells a text that it has not seen. */
async function judged(input: ModelInput, length = 40): Promise<{ ids: number[]; text: string; perplexity: number }> {
  const { model, tokenizer, dispose } = await load(input, { engine });
  const ids = await greedy(model, tokenizer.encode('Once upon a time'), length);
  const { perplexity } = await score(model, tokenizer.encode(unseenStory));
  dispose();
  return { ids, text: tokenizer.decode(ids), perplexity };
}

// Skipped where ../shared is absent. `scripts/perplexity.ts` prints all formats.
describe.skipIf(!hasShared('fixtures/stories260k', 'stories260k as GGUF'))('stories260k as GGUF', () => {
  let original: Awaited<ReturnType<typeof judged>>;
  beforeAll(async () => {
    original = await judged(folder(storiesFolder));
  });

  it.each(['F32', 'F16'])('as %s writes the text of its safetensors', async (type) => {
    const written = await judged(await storiesGguf(type));
    expect(written.ids).toEqual(original.ids);
    expect(Math.abs(written.perplexity / original.perplexity - 1)).toBeLessThan(type === 'F32' ? 1e-5 : 1e-3);
  });

  // Measured: +0.05 % and +5.5 %.
  it.each([
    ['Q8_0', 0.005],
    ['Q4_0', 0.1],
  ])('as %s writes recognizable text', async (type, loss) => {
    const { text, perplexity } = await judged(await storiesGguf(type));
    expect(perplexity / original.perplexity - 1).toBeLessThan(loss);
    expect(text).toMatch(/there was a little (girl|boy) named \w+\./);
    const words = text.toLowerCase().match(/[a-z]+/g)!;
    const known = new Set(`${unseenStory} ${original.text}`.toLowerCase().match(/[a-z]+/g));
    expect(words.filter((word) => known.has(word)).length / words.length).toBeGreaterThan(0.7);
  });

  it('keeps rows that 32 does not divide as F16', async () => {
    const { formats, tensors } = await inspectModel(await storiesGguf('Q4_0'));
    expect(formats.map(({ format }) => format).sort()).toEqual(['F16', 'F32', 'Q4_0']);
    for (const { shape, format } of tensors)
      expect(format).toBe(shape.length === 1 ? 'F32' : shape[1]! % 32 === 0 ? 'Q4_0' : 'F16');
  });
});
