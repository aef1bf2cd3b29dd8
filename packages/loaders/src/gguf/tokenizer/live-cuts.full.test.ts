import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutFile, cutTokenizer, readRecordedCuts } from '../../testing/recorded/llama-cuts.ts';
import { mixedTexts } from '../../testing/recorded/mixed-texts.ts';

/** What is used of the package node-llama-cpp, which is too large for a development dependency. */
interface LlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string; vocabOnly: true }): Promise<{
      tokenize(text: string, specialTokens: boolean): readonly number[];
      dispose(): Promise<void>;
    }>;
  }>;
}

const place = process.env.NODE_LLAMA_CPP ?? 'node-llama-cpp';
const library = await import(/* @vite-ignore */ place).then(
  (module) => module as LlamaCpp,
  () => undefined,
);
if (library === undefined)
  console.log('skipped: comparison with a live llama.cpp. NODE_LLAMA_CPP may name dist/index.js of node-llama-cpp');

describe.skipIf(library === undefined)('as llama.cpp on other texts than the recorded ones', async () => {
  const recorded = readRecordedCuts();
  const { raw, ids, same } = recorded;
  const names = Object.keys(ids).flatMap((name) => [[name, name], ...(same[name] ?? []).map((other) => [other, name])]);
  const llama = await library?.getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: 'error' });
  const texts = mixedTexts(recorded.texts, 200);

  it.each(names)('%s', async (pre, like) => {
    const isRaw = raw.includes(like!);
    const folder = mkdtempSync(join(tmpdir(), 'live-cuts-'));
    const modelPath = join(folder, 'x.gguf');
    writeFileSync(modelPath, cutFile(recorded, pre!, isRaw));
    const model = await llama!.loadModel({ modelPath, vocabOnly: true });
    try {
      const tokenizer = await cutTokenizer(recorded, pre!, isRaw);
      for (const text of texts)
        expect(tokenizer.encode(text, { addSpecialTokens: false }), JSON.stringify(text)).toEqual(
          Array.from(model.tokenize(text, false), Number),
        );
    } finally {
      await model.dispose();
      rmSync(folder, { recursive: true });
    }
  });
});
