import { afterEach, describe, expect, it } from 'vitest';
import { ParameterError } from '../errors.ts';
import { argMax } from '../sampling/arg-max.ts';
import { ToyModel } from '../testing/toy-model.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { DecodingState } from './contract/decoding-state.ts';
import type { EndEvent } from './contract/events.ts';
import type { GenerateOptions } from './contract/options.ts';
import { generate, generateText } from './generate.ts';

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

/** Ids 0 to 255 are bytes, then come `pieces`, then control tokens, which are spelled only on request. */
function tokenizerOf(controls: readonly string[], pieces: readonly string[] = []): Tokenizer {
  const first = 256 + pieces.length;
  return {
    vocabSize: first + controls.length,
    encode(text) {
      const ids: number[] = [];
      for (let rest = text; rest !== ''; ) {
        const control = controls.findIndex((content) => rest.startsWith(content));
        const length = control >= 0 ? controls[control]!.length : 1;
        ids.push(...(control >= 0 ? [first + control] : utf8(rest[0]!)));
        rest = rest.slice(length);
      }
      return ids;
    },
    decode(ids, { skipSpecialTokens = true } = {}) {
      const bytes = Array.from(ids).flatMap((id) => {
        if (id < 256) return [id];
        if (id < first) return utf8(pieces[id - 256]!);
        return skipSpecialTokens ? [] : utf8(controls[id - first]!);
      });
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
  };
}

const models: ToyModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) expect(model.live.size).toBe(0);
});

/** Says these ids after a prompt of one token, then the last one again and again. */
function says(tokenizer: Tokenizer, script: readonly number[]): ToyModel {
  class Scripted extends ToyModel {
    override logitsAfter(tokens: ArrayLike<number>): Float32Array {
      const logits = new Float32Array(this.vocabSize).fill(-20);
      logits[script[tokens.length - 1] ?? script.at(-1)!] = 20;
      return logits;
    }
  }
  const model = new Scripted({ vocabSize: tokenizer.vocabSize, contextLength: 4096 });
  models.push(model);
  return model;
}

const greedy: GenerateOptions = { samplers: [argMax], eosTokenIds: [] };

describe('a stop string with a control token', () => {
  const tokenizer = tokenizerOf(['<|im_end|>', '<|other|>']);
  const said = async (text: string, stopStrings: readonly string[], more: GenerateOptions = {}) => {
    const model = says(tokenizer, tokenizer.encode(text));
    const { text: found, stopReason } = await generateText(model, tokenizer, 'x', {
      ...greedy,
      maxNewTokens: 12,
      stopStrings,
      ...more,
    });
    return [found, stopReason];
  };

  it('ends the text where the token comes', async () => {
    expect(await said('Hi<|im_end|>more more', ['<|im_end|>'])).toEqual(['Hi', '<|im_end|>']);
    expect(await said('Hi\n<|im_end|>more', ['\n<|im_end|>'])).toEqual(['Hi', '\n<|im_end|>']);
    expect(await said('Hi<|im_end|>\nmore', ['<|im_end|>\n'])).toEqual(['Hi', '<|im_end|>\n']);
    expect(await said('Hi<|other|><|im_end|>', ['<|other|><|im_end|>'])).toEqual(['Hi', '<|other|><|im_end|>']);
  });

  it('says nothing of the token when the rest does not come', async () => {
    expect(await said('Hi<|im_end|>more more', ['<|im_end|>\n'])).toEqual(['Himore more', undefined]);
  });

  it('does not keep other control tokens from being skipped', async () => {
    expect(await said('fo<|other|>o bar bar', ['foo'])).toEqual(['', 'foo']);
    // A control token does not hide in the middle of a shorter string.
    expect(await said('a<|other|>b cdefgh', ['other', '<', '>'])).toEqual(['ab cdefghhh', undefined]);
  });

  it.each([0xe4, 0xff])(
    'keeps the byte %i before it, which completes no character, and does not reach over it',
    async (byte) => {
      const end = tokenizer.encode('<|im_end|>')[0]!;
      const run = async (more: GenerateOptions) => {
        const model = says(tokenizer, [...utf8('Hi\n'), byte, end, ...utf8('more')]);
        const { text, stopReason } = await generateText(model, tokenizer, 'x', { ...greedy, maxNewTokens: 7, ...more });
        return [text, stopReason];
      };
      expect(await run({ stopStrings: ['<|im_end|>'] })).toEqual(['Hi\n\ufffd', '<|im_end|>']);
      expect(await run({ stopStrings: ['<|im_end|>'], skipSpecialTokens: false })).toEqual([
        'Hi\n\ufffd',
        '<|im_end|>',
      ]);
      expect(await run({ eosTokenIds: [end] })).toEqual(['Hi\n\ufffd', end]);
      expect(await run({ stopStrings: ['\n<|im_end|>'] })).toEqual(['Hi\n\ufffdmo', undefined]);
      expect(await run({ stopStrings: ['\ufffd<|im_end|>'] })).toEqual(['Hi\n', '\ufffd<|im_end|>']);
    },
  );

  it('matches the same when control tokens are part of the text', async () => {
    const keep = { skipSpecialTokens: false };
    expect(await said('Hi<|other|>\n<|im_end|>', ['\n<|im_end|>'], keep)).toEqual(['Hi<|other|>', '\n<|im_end|>']);
    expect(await said('a<|other|>b', ['|>b'], keep)).toEqual(['a<|other', '|>b']);
  });

  it('is refused when the tokenizer does not spell its control tokens', () => {
    const mute: Tokenizer = { ...tokenizer, decode: (ids) => tokenizer.decode(ids) };
    const call = () => generate(says(mute, [0]), [1], { tokenizer: mute, stopStrings: ['<|im_end|>'] });
    expect(call).toThrow(ParameterError);
    expect(call).toThrow('eosTokenIds: [256]');
  });
});

it('a text that has the begin token already gets no second one', async () => {
  const tokenizer = tokenizerOf(['<s>']);
  const adding: Tokenizer = {
    ...tokenizer,
    encode: (text, { addSpecialTokens = true } = {}) => [...(addSpecialTokens ? [256] : []), ...tokenizer.encode(text)],
  };
  for (const prompt of ['Hi', '<s>Hi']) {
    let fed: number[] = [];
    await generateText(says(tokenizer, [0]), adding, prompt, {
      ...greedy,
      stopWhen: ({ history, promptLength }) => {
        fed = [...history.tokens.subarray(0, promptLength)];
        return true;
      },
    });
    expect(fed).toEqual([256, ...utf8('Hi')]);
  }
});

it('control tokens are part of the text on request, except for the end token', async () => {
  const tokenizer = tokenizerOf(['<|im_end|>', '[TOOL_CALLS]']);
  const model = says(tokenizer, tokenizer.encode('[TOOL_CALLS]f<|im_end|>'));
  const options = { ...greedy, eosTokenIds: [256] };
  expect((await generateText(model, tokenizer, 'x', { ...options, skipSpecialTokens: false })).text).toBe(
    '[TOOL_CALLS]f',
  );
  expect((await generateText(model, tokenizer, 'x', options)).text).toBe('f');
  const pieces: string[] = [];
  for await (const piece of generateText(model, tokenizer, 'x', { ...options, skipSpecialTokens: false }))
    pieces.push(piece);
  expect(pieces).toEqual(['[TOOL_CALLS]', 'f']);
});

describe('text after a stop string in the same token', () => {
  const tokenizer = tokenizerOf([], ['\nB: how', ' are you?\nB:', '\nB:\nB:']);
  const ends = async (model: ToyModel, state: DecodingState, calls: readonly number[]): Promise<EndEvent[]> => {
    const found: EndEvent[] = [];
    for (const maxNewTokens of calls)
      found.push((await generate(model, state, { ...greedy, stopStrings: ['\nB:'], maxNewTokens })).sequences[0]!);
    return found;
  };

  it('is the beginning of the next call', async () => {
    const model = says(tokenizer, [...utf8('Hello.'), 256, 257, ...utf8('x')]);
    const state = DecodingState.open(model, [65], { tokenizer });
    const found = await ends(model, state, [20, 20]);
    expect(found.map(({ text, stopReason }) => [text, stopReason])).toEqual([
      ['Hello.', '\nB:'],
      [' how are you?', '\nB:'],
    ]);
    const restored = DecodingState.restore(model, await state.serialize(), { tokenizer });
    expect((await ends(model, restored, [3]))[0]!.text).toBe('xxx');
    state.dispose();
    restored.dispose();
  });

  it('may be another stop string', async () => {
    const model = says(tokenizer, [258, ...utf8('a')]);
    const state = DecodingState.open(model, [65], { tokenizer });
    const found = await ends(model, state, [9, 9, 2]);
    expect(found.map(({ text, stopReason }) => [text, stopReason])).toEqual([
      ['', '\nB:'],
      ['', '\nB:'],
      ['aaa', undefined],
    ]);
    state.dispose();
  });
});

describe('a minimum length', () => {
  const tokenizer = tokenizerOf(['<end>']);
  const script = tokenizer.encode('\nabcdefgh\nxyz');
  const end = async (more: GenerateOptions) =>
    generateText(says(tokenizer, script), tokenizer, 'x', { ...greedy, maxNewTokens: 12, ...more });

  it.each<[string, GenerateOptions]>([
    ['minNewTokens', { minNewTokens: 5 }],
    ['minLength', { minLength: 6 }],
  ])('of %s holds against stop strings and conditions', async (_, least) => {
    expect(await end({ stopStrings: ['\n', 'h'], ...least })).toMatchObject({ text: '\nabcdefg', stopReason: 'h' });
    expect((await end({ stopStrings: ['\nab'], ...least })).finishReason).toBe('length');
    // A string that begins before the minimum and is complete after it counts.
    expect((await end({ stopStrings: ['bcd'], ...least })).text).toBe('\na');
    let asked = 0;
    const always = await end({ stopWhen: () => ++asked > 0, ...least });
    expect([always.ids.length, always.stopReason, asked]).toEqual([5, 'condition', 5]);
  });

  it('holds against end tokens', async () => {
    const [first, second] = utf8('\na');
    expect((await end({ eosTokenIds: [first!, second!], minNewTokens: 5 })).ids.length).toBeGreaterThanOrEqual(5);
  });

  it('of 0 is off', async () => {
    expect((await end({ stopStrings: ['\n'] })).ids).toHaveLength(1);
  });

  it('is counted from where a call starts', async () => {
    const model = says(tokenizer, script);
    const state = DecodingState.open(model, [65], { tokenizer });
    await generate(model, state, { ...greedy, maxNewTokens: 3 });
    const { sequences } = await generate(model, state, { ...greedy, stopStrings: ['c', 'e'], minNewTokens: 3 });
    expect(sequences[0]).toMatchObject({ text: 'cd', stopReason: 'e' });
    state.dispose();
  });
});

describe('the tokens that a cache spares', () => {
  const tokenizer = tokenizerOf([]);

  it('do not include the last one, which is computed for its logits', async () => {
    const model = says(tokenizer, [7]);
    const cache = model.createCache();
    model.forward([[1, 2, 3]], cache).dispose();
    const usageOf = async (prompt: number[], more: GenerateOptions = {}) => {
      model.fed = 0;
      const { usage } = (await generate(model, prompt, { ...greedy, maxNewTokens: 1, cache, ...more })).sequences[0]!;
      return [usage.cachedTokens, model.fed];
    };
    expect(await usageOf([1, 2, 3])).toEqual([2, 1]);
    expect(await usageOf([1, 2, 4, 5])).toEqual([2, 2]);
    expect(await usageOf([1, 2, 4, 5], { cache: 'none' })).toEqual([0, 4]);
    cache.dispose();
  });

  it('are counted once for several sequences of a prompt', async () => {
    const model = says(tokenizer, [7]);
    const cache = model.createCache();
    model.forward([[1, 2, 3]], cache).dispose();
    model.fed = 0;
    const { sequences } = await generate(model, [1, 2, 3, 4, 5], {
      samplers: [],
      eosTokenIds: [],
      maxNewTokens: 1,
      cache,
      numReturnSequences: 2,
    });
    expect(sequences.map(({ usage }) => usage.cachedTokens)).toEqual([3, 3]);
    // Token 4 once, and token 5 for each sequence.
    expect(model.fed).toBe(3);
    cache.dispose();
  });
});
