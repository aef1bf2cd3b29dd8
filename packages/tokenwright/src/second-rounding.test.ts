import { demoModel } from '@tokenwright/demo-model';
import { files } from '@tokenwright/loaders';
import { convertModel, memorySink } from '@tokenwright/loaders/convert';
import { describe, expect, it } from 'vitest';
import { type LanguageModelOptions, languageModel } from './index.ts';

async function notices(options: LanguageModelOptions): Promise<string[]> {
  const sink = memorySink();
  await convertModel(demoModel('story-amateur'), sink, { format: '8-bit' });
  const heard: string[] = [];
  const lm = await languageModel(files(sink.contents, 'eight'), { ...options, onNotice: (text) => heard.push(text) });
  await lm.dispose();
  return heard;
}

describe('weights that are quantized already', () => {
  const engine = 'fused-wasm';
  it('are reported when they are rounded a second time', async () => {
    const [notice, ...others] = await notices({ engine, weights: '4-bit-blocks' });
    expect(others).toEqual([]);
    expect(notice).toMatch(
      /^model.safetensors: \d+ of \d+ matrices are quantized already, as 8-bit, .* to '4-bit-blocks'\. To avoid it: weights: 'f32'/,
    );
    expect(await notices({ engine, weights: '8-bit' })).toEqual([]);
    expect(await notices({ engine, weights: 'f32' })).toEqual([]);
  });
});
