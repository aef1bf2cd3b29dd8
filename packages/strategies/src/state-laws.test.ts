import { DecodingState, type GenerateOptions, generate, generateBatch, type Sampler } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { adaptiveP, kgwWatermark, minP, mirostat1, mirostat2, synthId } from '@tokenwright/samplers';
import { describe, expect, test } from 'vitest';
import { speculative } from './speculation/speculative.ts';

/** Sampler state belongs to the run: it is exact under speculation, in batches, in decoding states and across interleaved calls. */
const vocabSize = 24;
const model = toyModel({ vocabSize, seed: 5 });
const draft = toyModel({ vocabSize, seed: 9, like: { model, share: 1 }, spread: 1 });
const prompts = [[1, 2, 3], [4], [5, 6, 7, 8, 9]];
const common: GenerateOptions = { seed: 3, maxNewTokens: 30, eosTokenIds: [], onWarning: () => {} };

const chains: [string, readonly Sampler[]][] = [
  ['mirostat 1', [mirostat1({ tau: 2, eta: 0.4 })]],
  ['mirostat 2', [mirostat2({ tau: 2, eta: 0.4 })]],
  ['adaptive-p', [minP({ p: 0.01 }), adaptiveP({ target: 0.3, decay: 0.7 })]],
  ['KGW watermark', [kgwWatermark({ bias: 3 })]],
  ['KGW watermark with self-hash', [kgwWatermark({ bias: 3, seedingScheme: 'self-hash', contextWidth: 2 })]],
  ['SynthID', [synthId({ keys: [5, 6, 7], samplingTable: { size: 500 } })]],
];
const repeated = mirostat2({ tau: 3, eta: 0.4 });
chains.push(['one object twice in a chain', [repeated, minP({ p: 0.01 }), repeated]]);

const idsOf = async (options: GenerateOptions, given = prompts): Promise<readonly (readonly number[])[]> =>
  (await generateBatch(model, given, { ...common, ...options })).ids;

describe.each(chains)('%s', (_, samplers) => {
  test('changes the tokens, and the same seed gives the same tokens', async () => {
    const plain = await idsOf({ samplers });
    expect(plain).not.toEqual(await idsOf({ samplers: [] }));
    expect(await idsOf({ samplers })).toEqual(plain);
  });

  test('a prompt of a ragged batch gives the tokens of that prompt alone', async () => {
    const together = await idsOf({ samplers });
    for (const [promptIndex, prompt] of prompts.entries())
      expect((await idsOf({ samplers }, [prompt]))[0]).toEqual(together[promptIndex]);
  });

  test('speculation with the same objects in draft and target gives the tokens of plain sampling', async () => {
    const strategy = speculative({ draft, accept: 'match', numAssistantTokens: 3 });
    expect(await idsOf({ samplers, strategy })).toEqual(await idsOf({ samplers }));
  });

  test('two interleaved calls give the tokens of each call alone', async () => {
    const options = { ...common, samplers };
    const [a, b] = [generate(model, prompts[0]!, options), generate(model, prompts[2]!, { ...options, seed: 8 })];
    const ids: [number[], number[]] = [[], []];
    for (let open = 2; open > 0; ) {
      open = 0;
      for (const [at, stream] of [a, b].entries()) {
        const { value, done } = await stream.next();
        if (done !== true) open++;
        if (value?.type === 'token') ids[at]!.push(value.id);
      }
    }
    expect(ids[0]).toEqual((await idsOf({ samplers }, [prompts[0]!]))[0]);
    expect(ids[1]).toEqual((await idsOf({ samplers, seed: 8 }, [prompts[2]!]))[0]);
  });

  test('a rewind restores the state', async () => {
    const expected = (await idsOf({ samplers }, [prompts[0]!]))[0]!;
    const ids: number[] = [];
    const stream = generate(model, prompts[0]!, { ...common, samplers });
    let control: { rewind: number } | undefined;
    let rewound = 0;
    for (;;) {
      const { value, done } = await stream.next(control);
      control = undefined;
      if (done === true) break;
      if (value.type !== 'token') continue;
      ids.push(value.id);
      // Three tokens back, twice: what follows is sampled again with the same random numbers.
      if (rewound < 2 && ids.length === 12) {
        rewound++;
        ids.length -= 3;
        control = { rewind: 3 };
      }
    }
    expect(rewound).toBe(2);
    expect(ids).toEqual(expected);
  });

  test('a forked or restored decoding state continues as the original', async () => {
    const expected = (await idsOf({ samplers }, [prompts[0]!]))[0]!;
    const options: GenerateOptions = { ...common, samplers, maxNewTokens: 12 };
    const { seed: _seed, ...rest } = options;
    const state = DecodingState.open(model, prompts[0]!, { seed: 3 });
    const first = (await generate(model, state, rest)).ids[0]!;
    const bytes = await state.serialize();
    const fork = state.fork();
    const resume = async (from: DecodingState): Promise<readonly number[]> =>
      (await generate(model, from, { ...rest, maxNewTokens: 18 })).ids[0]!;
    const restored = DecodingState.restore(model, bytes);
    for (const each of [fork, restored, state]) {
      expect([...first, ...(await resume(each))]).toEqual(expected);
      each.dispose();
    }
  });
});
