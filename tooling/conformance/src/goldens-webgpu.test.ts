import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, score } from '@tokenwright/core';
import { verifyClose } from '@tokenwright/core/testing';
import { loadModel } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
import { describe, expect, test } from 'vitest';
import { testEngine } from './engines.ts';
import { describeShared } from './shared-data.ts';
import { installWebgpu } from './webgpu-node.ts';

interface GoldenCase {
  readonly kind: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly logits: readonly (readonly (readonly number[])[])[];
  readonly token_logprobs: readonly (readonly number[])[];
  readonly sequences: readonly (readonly number[])[];
}

// A software GPU is slow, so only one recorded case per kind and model runs; `pnpm goldens` runs all of them on wasm.
describe.skipIf((await installWebgpu()) === undefined)('on WebGPU', () => {
  for (const name of ['gpt2-tiny', 'llama-tiny'])
    describeShared(`recorded cases of ${name}`, `goldens/generate/${name}`, (folder) => {
      test('forward, score and greedy', async () => {
        const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: GoldenCase[] };
        const first = (kind: string): GoldenCase => cases.find((candidate) => candidate.kind === kind)!;
        const { model, dispose } = await loadModel(folder, { engine: (await testEngine('webgpu'))! });

        const forward = first('forward');
        const ids = forward.input_ids[0]!;
        const cache = model.createCache();
        const result = model.forward([ids], cache, { scored: ids.length });
        verifyClose(await result.logits.read(), forward.logits[0]!.flat(), 1e-4, 'logits');
        result.dispose();
        cache.dispose();

        const scored = first('score');
        const { tokens } = await score(model, scored.input_ids[0]!);
        verifyClose(
          tokens.map(({ logprob }) => logprob),
          scored.token_logprobs[0]!,
          1e-4,
          'log-probabilities',
        );

        const { input_ids, sequences } = first('greedy');
        const options = { samplers: [greedy()], eosTokenIds: [], maxNewTokens: 12 };
        const [continued] = (await generate(model, input_ids[0]!, options)).ids;
        expect(continued).toEqual(sequences[0]!.slice(input_ids[0]!.length, input_ids[0]!.length + 12));
        dispose();
      }, 120_000);
    });
});
