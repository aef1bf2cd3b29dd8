import { combine, contrastiveLogits } from '@tokenwright/contrastive';
import {
  type Control,
  type DecodingState,
  generate,
  generateBatch,
  type LanguageModel,
  type Strategy,
  type TokenEvent,
} from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { constrain, forcedText } from '@tokenwright/grammar';
import { greedy, temperature } from '@tokenwright/samplers';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from '@tokenwright/strategies';
import { describe, expect, it } from 'vitest';
import { begins, jsonVocabulary, replyGrammar, textOf } from './json-tokens.ts';

const vocabulary = jsonVocabulary();
const { size: vocabSize } = vocabulary;
const toy = (seed: number): LanguageModel => toyModel({ vocabSize, seed, contextLength: 200 });
const model = toy(9);
const draft = toy(4);
const machine = replyGrammar();
const samplers = [constrain({ automaton: machine, vocabulary })];
const tokenizer = {
  vocabSize,
  /** The longest token that fits, again and again. */
  encode(text: string): number[] {
    const pieces = Array.from(vocabulary.bytes, (bytes) => new TextDecoder().decode(bytes));
    const ids: number[] = [];
    for (let rest = text; rest !== ''; rest = rest.slice(pieces[ids.at(-1)!]!.length)) {
      const fitting = pieces.filter((piece) => piece !== '' && rest.startsWith(piece));
      if (fitting.length === 0) break;
      ids.push(pieces.indexOf(fitting.sort((a, b) => b.length - a.length)[0]!));
    }
    return ids;
  },
  decode: (ids: ArrayLike<number>) => textOf(ids, vocabulary),
};
/** Two prompts of different lengths; the first has text that a lookup can repeat. */
const prompts = [
  [12, 10, 3, 4, 14, 7, 13, 8, 2],
  [5, 6],
];
const call = { samplers, eosTokenIds: [0], maxNewTokens: 70 };

const drafts = {
  'a draft model': speculative({ draft, numAssistantTokens: 4 }),
  'prompt lookup': speculative({ draft: promptLookup({ maxMatchingNgramSize: 1 }) }),
  'forced text': speculative({
    draft: forcedText({ automaton: machine, vocabulary, tokenizer }),
    numAssistantTokens: 6,
  }),
  'an early exit': speculative({ draft: earlyExit({ layer: 1 }) }),
};

/** Every sequence that ended conforms; one that was cut off is the beginning of one that does. */
function check(sequences: readonly { readonly ids: readonly number[]; readonly finishReason: string }[]): number {
  let ended = 0;
  for (const { ids, finishReason } of sequences) {
    const text = textOf(ids, vocabulary);
    expect([text, begins(machine, ids, vocabulary)]).toEqual([text, true]);
    if (finishReason !== 'stop') continue;
    ended++;
    const value = JSON.parse(text) as { a: unknown[]; b: number };
    expect(Object.keys(value)).toEqual(['a', 'b']);
    expect(new Set(value.a).size).toBe(value.a.length);
    expect(value.a.every((item) => ['a', 'é', 'ab', 1].includes(item as never))).toBe(true);
    expect(value.b >= 1 && value.b <= 22).toBe(true);
  }
  return ended;
}

describe('replies conform, in a batch of unequal prompts', () => {
  const strategies: [string, Strategy | undefined, LanguageModel?][] = [
    ['sampling', undefined],
    ['beam search', beamSearch({ numBeams: 3 })],
    ['beam sampling', beamSearch({ numBeams: 3, doSample: true })],
    ['group beam search', groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 })],
    ['constrained beam search', constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [9] }] })],
    ['stochastic beams', stochasticBeams({ numBeams: 3 })],
    ['best of 3', bestOf({ numCandidates: 3 })],
    ['contrastive search', contrastiveSearch({ topK: 3 })],
    ...Object.entries(drafts).map(([name, strategy]): [string, Strategy] => [`speculation by ${name}`, strategy]),
    [
      'contrastive decoding',
      undefined,
      combine({ expert: model, others: [{ model: draft }], rule: contrastiveLogits({ alpha: 0.3, beta: 0.5 }) }),
    ],
    [
      'contrastive decoding in beams',
      beamSearch({ numBeams: 3 }),
      combine({ expert: model, others: [{ model: draft }], rule: contrastiveLogits({ alpha: 0.3, beta: 0.5 }) }),
    ],
  ];
  it.each(strategies)('%s', async (name, strategy, of = model) => {
    let ended = 0;
    for (const seed of [1, 2, 3]) {
      const { sequences } = await generate(of, prompts, {
        ...call,
        seed,
        ...(strategy === undefined ? {} : { strategy }),
      });
      expect(sequences.length).toBeGreaterThanOrEqual(prompts.length);
      ended += check(sequences);
      if (name === 'constrained beam search')
        for (const { ids, finishReason } of sequences) if (finishReason === 'stop') expect(ids).toContain(9);
    }
    expect(ended).toBeGreaterThan(0);
  });
});

describe('greedy decoding', () => {
  const greedily = { ...call, samplers: [...samplers, greedy()] };
  it.each(Object.entries(drafts))('is the same with speculation by %s', async (_, strategy) => {
    const { ids } = await generateBatch(model, prompts, greedily);
    expect((await generateBatch(model, prompts, { ...greedily, strategy })).ids).toEqual(ids);
    expect(ids.every((row) => row.length > 4)).toBe(true);
  });

  it('is beam search with one beam', async () => {
    const { ids } = await generateBatch(model, prompts, greedily);
    const beam = beamSearch({ numBeams: 1, lengthPenalty: 0 });
    expect((await generateBatch(model, prompts, { ...call, strategy: beam })).ids).toEqual(ids);
  });

  it('gives each row of a batch what it gives alone', async () => {
    const { ids } = await generateBatch(model, prompts, greedily);
    for (const [row, prompt] of prompts.entries())
      expect((await generate(model, prompt, greedily)).ids[0]).toEqual(ids[row]);
  });
});

/** Read a stream, and answer some of its token events. */
async function steered(
  stream: ReturnType<typeof generate>,
  answer: (event: TokenEvent, count: number) => Control | undefined,
): Promise<readonly { readonly ids: readonly number[]; readonly finishReason: string }[]> {
  let count = 0;
  for (let next = await stream.next(); next.done !== true; ) {
    const event = next.value;
    const control = event.type === 'token' ? answer(event, ++count) : undefined;
    next = await (control === undefined ? stream.next() : stream.next(control));
  }
  return (await stream).sequences;
}

describe('the history decides', () => {
  it('after a rewind, also into the middle of a character', async () => {
    let rewound = 0;
    const sequences = await steered(generate(model, prompts[1]!, { ...call, seed: 5 }), (event, count) => {
      if (rewound === 4 || count % 5 !== 0) return undefined;
      rewound++;
      return { rewind: 2, ban: [event.id] };
    });
    expect(rewound).toBe(4);
    check(sequences);
  });

  it('in a fork, which continues as the original does', async () => {
    let fork: DecodingState | undefined;
    const first = await steered(generate(model, prompts[1]!, { ...call, seed: 7 }), (_, count) =>
      count === 6
        ? {
            fork: (state) => {
              fork = state;
            },
          }
        : undefined,
    );
    const { sequences } = await generate(model, fork!, call);
    expect(sequences[0]!.ids).toEqual(first[0]!.ids.slice(6));
    expect(check(first)).toBe(1);
    fork!.dispose();
  });
});

it('explain shows what the grammar removed', async () => {
  const stream = generate(model, prompts[1]!, {
    ...call,
    samplers: [...samplers, temperature({ temperature: 0.7 })],
    seed: 1,
    explain: true,
  });
  let seen = 0;
  for await (const event of stream) {
    if (event.type !== 'token') continue;
    const { model: before, stages, removal } = event.explanation!;
    const [grammar] = stages;
    if (seen++ === 0) {
      // '{' and '{"a":' can begin a reply.
      expect(grammar).toMatchObject({ name: 'constrain', candidates: 2, removedCount: before.candidates - 2 });
      expect(removal(2)).toMatchObject({ stage: 'constrain', index: 0 });
      expect(removal(1)).toBeUndefined();
    }
    expect(grammar!.removedMass).toBeGreaterThanOrEqual(0);
    expect(removal(event.id)).toBeUndefined();
  }
  expect(seen).toBeGreaterThan(4);
});
