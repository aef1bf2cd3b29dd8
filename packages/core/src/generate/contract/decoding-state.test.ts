import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { CacheError, ParameterError, UnknownOptionError, UnsupportedError } from '../../errors.ts';
import { createModel } from '../../model/model.ts';
import { referenceEngine } from '../../reference/index.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { seededWeights, tinyModels, toyModel } from '../../testing/index.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { generate } from '../generate.ts';
import { sampling } from '../run/sampling.ts';
import { DecodingState } from './decoding-state.ts';
import type { Control, StreamEvent } from './events.ts';
import type { GenerateOptions } from './options.ts';
import type { Strategy } from './strategy.ts';

/** Lowers a logit by how surprising the tokens before were: a stage that must remember to be right. */
const remembers: Sampler = {
  name: 'remembers',
  traits: {
    keepsArgMax: false,
    narrows: true,
    stateful: true,
  },
  onHost(logits, { state, sampled }) {
    const debt = (state.get<number>() ?? 0) + (sampled === undefined ? 0 : 1 - sampled.before);
    state.set(debt);
    logits[0]! -= debt;
  },
};

/** Two tokens a character: the first half of a byte, then the second, so that most prefixes end inside a character. */
const halves: Tokenizer = {
  vocabSize: 8,
  encode: (text) => Array.from(text, (letter) => Number(letter)),
  decode(ids) {
    const all = Array.from(ids);
    const whole = all.slice(0, all.length - (all.length % 2));
    const letters = Array.from({ length: whole.length / 2 }, (_, i) =>
      String.fromCharCode(97 + whole[2 * i]! + whole[2 * i + 1]!),
    );
    return letters.join('') + (all.length % 2 === 1 ? '\uFFFD' : '');
  },
};

const options: GenerateOptions = { samplers: [remembers], eosTokenIds: [], tokenizer: halves };
const prompt = [1, 2, 3, 4];

async function textAndIds(events: AsyncIterable<StreamEvent>): Promise<{ ids: number[]; text: string }> {
  const ids: number[] = [];
  let text = '';
  for await (const event of events) {
    if (event.type === 'token') ids.push(event.id);
    if (event.type !== 'step') text += (event.type === 'token' ? event.text : event.tail) ?? '';
  }
  return { ids, text };
}

const models = {
  'the toy model': async () => toyModel(),
  'GPT-2 on the reference engine': async () => {
    const { architecture, config } = tinyModels[0]!;
    const engine = await referenceEngine({ backend: 'cpu' });
    return createModel(
      engine,
      architecture,
      { ...(config as object), vocabSize: 8 },
      seededWeights(architecture, { ...(config as object), vocabSize: 8 }),
    );
  },
};

describe.each(Object.entries(models))('a decoding state of %s', (_, open) => {
  const go = (model: Awaited<ReturnType<typeof open>>, state: DecodingState, maxNewTokens: number) =>
    textAndIds(generate(model, state, { ...options, maxNewTokens }));

  test('continues as one call would have', async () => {
    const model = await open();
    const whole = await textAndIds(generate(model, prompt, { ...options, seed: 9, maxNewTokens: 13 }));
    const state = DecodingState.open(model, prompt, { seed: 9, tokenizer: halves });
    const first = await go(model, state, 5);
    const second = await go(model, state, 8);
    expect([...first.ids, ...second.ids]).toEqual(whole.ids);
    // The state keeps the unfinished character; the single call prints what is left of it at its end.
    expect(first.text + second.text + (state.text?.stream.flush() ?? '')).toBe(whole.text);
    state.dispose();
  });

  test('forked or restored, continues as the original would have', async () => {
    const model = await open();
    const state = DecodingState.open(model, prompt, { seed: 4, tokenizer: halves });
    await go(model, state, 5);
    const fork = state.fork();
    const restored = DecodingState.restore(model, await state.serialize(), { tokenizer: halves });
    const expected = await go(model, state, 8);
    expect(await go(model, fork, 8)).toEqual(expected);
    expect(await go(model, restored, 8)).toEqual(expected);
    for (const one of [state, fork, restored]) one.dispose();
  });

  test('feeds only what the cache lacks', async () => {
    const model = await open();
    const state = DecodingState.open(model, prompt, { seed: 4, tokenizer: halves });
    await go(model, state, 5);
    const { usage } = (await generate(model, state, { ...options, maxNewTokens: 3 })).sequences[0]!;
    expect(usage).toMatchObject({ promptTokens: 9, cachedTokens: 8, completionTokens: 3 });
    state.dispose();
  });

  test('begins with letters, a version and a header, and ends with the cache', async () => {
    const model = await open();
    const state = DecodingState.open(model, prompt, { seed: 4, tokenizer: halves });
    const bytes = await state.serialize();
    expect([...bytes.subarray(0, 8)]).toEqual([...new TextEncoder().encode('TWST'), 2, 0, 0, 0]);
    const end = 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, end))) as object;
    expect(header).toMatchObject({ seed: 4, sequence: 0, tokens: [...prompt] });
    expect(new TextDecoder().decode(bytes.subarray(end, end + 4))).toBe('TWKV');
    state.dispose();
  });

  test('refuses bytes that are cut off, and those of another model or tokenizer', async () => {
    const model = await open();
    const state = DecodingState.open(model, prompt, { seed: 4, tokenizer: halves });
    await go(model, state, 3);
    const bytes = await state.serialize();
    for (const length of [0, 3, 11, 40, bytes.length - 1])
      expect(() => DecodingState.restore(model, bytes.slice(0, length), { tokenizer: halves })).toThrow(CacheError);
    expect(() => DecodingState.restore(model, bytes)).toThrow(/another tokenizer/);
    expect(() => DecodingState.restore(toyModel({ seed: 77 }), bytes, { tokenizer: halves })).toThrow(/another model/);
    state.dispose();
  });
});

test('a number of a sequence beyond 65535 is refused where it is given', async () => {
  const model = toyModel();
  const state = DecodingState.open(model, prompt, { sequence: 65_535 });
  expect(() => state.fork({ sequence: 65_536 })).toThrow(ParameterError);
  expect(() => state.fork({ sequence: -1 })).toThrow(ParameterError);
  const bytes = await state.serialize();
  const digits = new TextDecoder('latin1').decode(bytes).indexOf('"sequence":65535') + '"sequence":'.length;
  bytes.set(new TextEncoder().encode('70000'), digits);
  expect(() => DecodingState.restore(model, bytes)).toThrow(/sequence must be from 0 to 65535/);
  state.dispose();
});

test('seed, cache and sequences cannot contradict the state', () => {
  const model = toyModel();
  const state = DecodingState.open(model, prompt);
  expect(() => generate(model, state, { seed: 1 })).toThrow(ParameterError);
  expect(() => generate(model, state, { cache: 'none' })).toThrow(ParameterError);
  expect(() => generate(model, state, { numReturnSequences: 2 })).toThrow(ParameterError);
  state.dispose();
});

test.each(['break', 'throw'] as const)(
  'a call that ends by %s leaves its state after the last token it reported',
  async (how) => {
    const model = toyModel();
    const whole = await textAndIds(generate(model, prompt, { ...options, seed: 3, maxNewTokens: 8 }));
    const state = DecodingState.open(model, prompt, { seed: 3, tokenizer: options.tokenizer! });
    let text = '';
    let seen = 0;
    try {
      for await (const event of generate(model, state, { ...options, maxNewTokens: 8 })) {
        if (event.type === 'token') text += event.text;
        if (++seen < 3) continue;
        if (how === 'break') break;
        throw new RangeError('planted');
      }
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
    }
    expect(Array.from(state.history.tokens)).toEqual([...prompt, ...whole.ids.slice(0, 3)]);
    const rest = await textAndIds(generate(model, state, { ...options, maxNewTokens: 5 }));
    expect(rest.ids).toEqual(whole.ids.slice(3));
    expect(text + rest.text).toBe(whole.text);
    state.dispose();
  },
);

test('a strategy that does not support a control refuses it', async () => {
  const model = toyModel();
  const strategy: Strategy = { ...sampling(), name: 'own', supportsControl: false };
  const stream = generate(model, prompt, { strategy, seed: 1 });
  await stream.next();
  await expect(stream.next({ ban: [1] })).rejects.toThrow(UnsupportedError);
});

describe('the reader of a stream', () => {
  const model = toyModel();
  const steered = async (answers: Readonly<Record<number, Control>>, more: GenerateOptions = {}): Promise<number[]> => {
    const stream = generate(model, prompt, { ...options, seed: 9, maxNewTokens: 8, ...more });
    const ids: number[] = [];
    let seen = 0;
    let next = await stream.next();
    while (!next.done) {
      if (next.value.type === 'end') ids.push(...next.value.ids);
      next = await stream.next(next.value.type === 'token' ? answers[++seen] : undefined);
    }
    return ids;
  };

  test('can force the next tokens', async () => {
    const plain = await steered({});
    const forced = await steered({ 2: { force: [7, 7, 0] } });
    expect(forced.slice(0, 5)).toEqual([...plain.slice(0, 2), 7, 7, 0]);
    expect(forced).toHaveLength(8);
  });

  test('can ban a token, and rewind to draw again', async () => {
    const plain = await steered({});
    const redrawn = await steered({ 3: { rewind: 1, ban: [plain[2]!] } });
    expect(redrawn.slice(0, 2)).toEqual(plain.slice(0, 2));
    expect(redrawn[2]).not.toBe(plain[2]);
    expect(redrawn).toHaveLength(8);
  });

  test('can rewind with nothing else, and gets the same tokens again', async () => {
    expect(await steered({ 4: { rewind: 3 } })).toEqual(await steered({}));
  });

  test('gets the text of a rewound sequence as if nothing had been taken back', async () => {
    const run = async (answer?: Control): Promise<string> => {
      const stream = generate(model, prompt, { ...options, seed: 9, maxNewTokens: 8 });
      let seen = 0;
      let text = '';
      for (let next = await stream.next(); !next.done; ) {
        if (next.value.type === 'end') text = next.value.text!;
        next = await stream.next(next.value.type === 'token' && ++seen === 5 ? answer : undefined);
      }
      return text;
    };
    expect(await run({ rewind: 3 })).toBe(await run());
  });

  test('can fork, and the fork continues alone', async () => {
    let fork: DecodingState | undefined;
    const whole = await steered({ 3: { fork: (state) => (fork = state) } });
    const { ids } = await textAndIds(generate(model, fork!, { ...options, maxNewTokens: 5 }));
    expect(ids).toEqual(whole.slice(3));
    fork!.dispose();
  });

  test('can stop', async () => {
    expect(await steered({ 3: { stop: true } })).toHaveLength(3);
  });

  test('gets a typed error for a wrong control, and nothing is left behind', async () => {
    const before = model.live.size;
    await expect(steered({ 1: { rewind: 2 } })).rejects.toThrow(ParameterError);
    await expect(steered({ 1: { force: [8] } })).rejects.toThrow(ParameterError);
    await expect(steered({ 1: { forse: [1] } as Control })).rejects.toThrow(UnknownOptionError);
    expect(model.live.size).toBe(before);
  });
});
