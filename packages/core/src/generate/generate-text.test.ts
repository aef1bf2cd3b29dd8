import { afterEach, describe, expect, it } from 'vitest';
import { DisposedError, ParameterError } from '../errors.ts';
import type { HostSampler } from '../sampling/sampler.ts';
import { ending } from '../testing/ending.ts';
import { toyModel } from '../testing/toy-model.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { StreamEvent } from './contract/events.ts';
import type { GenerateOptions } from './contract/options.ts';
import type { StopState } from './contract/stop.ts';
import { generate, generateText } from './generate.ts';

/** Ids as text; e4 bd | a0 is a character over two tokens, and the last id is a control token. */
const bytes = ['a', 'b', 'ab', ' ', '\xe4\xbd', '\xa0', 'E', 'ND'].map((text) =>
  Array.from(text, (c) => c.charCodeAt(0)),
);
const control = bytes.length;
const tokenizer: Tokenizer = {
  vocabSize: control + 1,
  encode: (text, { addSpecialTokens = true } = {}) => [
    ...(addSpecialTokens ? [control] : []),
    ...Array.from(text, (letter) => 'ab'.indexOf(letter)),
  ],
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(Array.from(ids).flatMap((id) => bytes[id] ?? []))),
};
const model = toyModel({ vocabSize: control + 1 });
afterEach(() => expect(model.live.size).toBe(0));

const script = (...ids: number[]): HostSampler => ({
  name: 'script',
  onHost(logits, { position, promptLength }) {
    logits.fill(-Infinity);
    logits[ids[Math.min(position - promptLength, ids.length - 1)]!] = 0;
  },
});
const [a, b, ab, space, begin, finish, E, ND] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

async function written(ids: readonly number[], options: GenerateOptions = {}, prompt: readonly number[] = [a]) {
  const events: StreamEvent[] = [];
  const given = { samplers: [script(...ids)], maxNewTokens: ids.length, tokenizer, ...options };
  for await (const event of generate(model, prompt, given)) events.push(event);
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error('no end');
  return {
    pieces: events.flatMap((event) => (event.type === 'token' ? [event.text] : [])),
    finish: ending(end),
    ids: end.ids,
    text: end.text,
    tail: end.tail,
  };
}

describe('the text of a sequence', () => {
  it('comes in pieces with the tokens', async () => {
    expect(await written([ab, space, b])).toEqual({
      pieces: ['ab', ' ', 'b'],
      finish: 'length',
      ids: [ab, space, b],
      text: 'ab b',
      tail: '',
    });
  });

  it('holds half a character back', async () => {
    const { pieces, text } = await written([a, begin, finish]);
    expect([pieces, text]).toEqual([['a', '', '你'], 'a你']);
  });

  it('ends with half a character as the tail, when no more comes', async () => {
    const { pieces, text, tail } = await written([a, begin]);
    expect([pieces, text, tail]).toEqual([['a', ''], 'a\uFFFD', '\uFFFD']);
  });

  it('finishes a character that the prompt began', async () => {
    expect((await written([finish, a], {}, [b, begin])).text).toBe('你a');
  });

  it('leaves out control tokens and the end token', async () => {
    const { pieces, text, ids } = await written([a, control, b, space, a], { eosTokenIds: [space] });
    expect([pieces, text, ids]).toEqual([['a', '', 'b', ''], 'ab', [a, control, b, space]]);
  });

  it('is not there without a tokenizer', async () => {
    for await (const event of generate(model, [a], { maxNewTokens: 2 })) {
      expect(event).not.toHaveProperty('text');
      expect(event).not.toHaveProperty('tail');
    }
  });

  it("is what the application's condition sees", async () => {
    const texts: string[] = [];
    const stopWhen = ({ text }: StopState): boolean => {
      texts.push(text);
      return text.endsWith('你');
    };
    const end = await written([ab, begin, finish, a], { stopWhen });
    expect([texts, end.finish, end.text]).toEqual([['ab', 'ab', 'ab你'], 'stop: condition', 'ab你']);
  });
});

describe('a stop string', () => {
  it('ends the sequence and is not part of its text, but its tokens are of the ids', async () => {
    expect(await written([a, b, space, a], { stopStrings: [' '] })).toEqual({
      pieces: ['a', 'b', ''],
      finish: 'stop:  ',
      ids: [a, b, space],
      text: 'ab',
      tail: '',
    });
  });

  it('is found across tokens, and its beginning held back', async () => {
    expect(await written([a, E, ND, b], { stopStrings: ['END'] })).toEqual({
      pieces: ['a', '', ''],
      finish: 'stop: END',
      ids: [a, E, ND],
      text: 'a',
      tail: '',
    });
  });

  it('is printed as far as it came when it does not come', async () => {
    const { pieces, text } = await written([a, E, b, a], { stopStrings: ['END'] });
    expect([pieces, text]).toEqual([['a', '', 'Eb', 'a'], 'aEba']);
  });

  it.each<[string, GenerateOptions]>([
    ['length', {}],
    ['stop: 1', { eosTokenIds: [b], maxNewTokens: 9 }],
    ['stop: condition', { stopWhen: ({ id }) => id === E }],
  ])('leaves what was held back as the tail when the end is %s', async (expected, options) => {
    const {
      text,
      tail,
      pieces,
      finish: given,
    } = await written([a, E, ...(expected === 'stop: 1' ? [b] : [])], {
      stopStrings: ['END'],
      ...options,
    });
    expect([given, pieces.join(''), tail, text]).toEqual([expected, 'a', 'E', 'aE']);
  });

  it('cuts a token in two', async () => {
    expect((await written([a, ab, a], { stopStrings: ['b'] })).text).toBe('aa');
  });

  it('is the first of two to come', async () => {
    const { text, ids } = await written([a, E, ND, space], { stopStrings: [' ', 'END'] });
    expect([text, ids]).toEqual(['a', [a, E, ND]]);
  });

  it('in the prompt does not count', async () => {
    const { finish: given, text } = await written([a, b], { stopStrings: ['END'] }, [E, ND]);
    expect([given, text]).toEqual(['length', 'ab']);
  });

  it('that the prompt begins does not count', async () => {
    expect((await written([ND, a], { stopStrings: ['END'] }, [a, E])).text).toBe('NDa');
  });
});

describe('generateText', () => {
  it('gives the pieces with text, and the whole as a result', async () => {
    const generation = generateText(model, tokenizer, 'ab', {
      samplers: [script(a, E, ND, begin, finish, E)],
      stopStrings: ['END!'],
      maxNewTokens: 6,
    });
    const pieces: string[] = [];
    for await (const piece of generation) pieces.push(piece);
    const { text, finishReason, usage } = await generation;
    expect(pieces).toEqual(['a', 'END你', 'E']);
    expect([text, finishReason]).toEqual(['aEND你E', 'length']);
    // The prompt has its special token.
    expect(usage.promptTokens).toBe(3);
  });

  it('reads what is left for the result', async () => {
    const { text } = await generateText(model, tokenizer, 'a', { samplers: [script(a, b)], maxNewTokens: 3 });
    expect(text).toBe('abb');
  });

  it('has no result when its pieces were left early', async () => {
    const generation = generateText(model, tokenizer, 'a', { samplers: [script(a)], maxNewTokens: 5 });
    for await (const _ of generation) break;
    await expect(generation).rejects.toThrow(DisposedError);
  });

  it('checks its options at once', () => {
    expect(() => generateText(model, tokenizer, 'a', { topLogprobs: -1 })).toThrow(ParameterError);
  });
});
