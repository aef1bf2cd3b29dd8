import { describe, expect, it } from 'vitest';
import { ContextLengthError, ParameterError, UnknownOptionError, UnsupportedError } from '../errors.ts';
import { generate } from '../generate/generate.ts';
import type { HostSampler, Sampler } from '../sampling/sampler.ts';
import { toyModel } from '../testing/toy-model.ts';
import { type ScoreOptions, score } from './score.ts';

const model = toyModel({ maxTokens: 16 });
const text = [1, 5, 2, 2, 7, 0, 3, 3, 6, 4];

/** log-softmax from its definition. */
function logSoftmax(logits: ArrayLike<number>): number[] {
  const weights = Array.from(logits, Math.exp);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => Math.log(weight / sum));
}

const clearing = (name: string, id: number): HostSampler => ({
  name,
  onHost: (logits) => logits.fill(-Infinity, id, id + 1),
});

describe('score', () => {
  it("gives each token the log-probability and rank of the model's own logits", async () => {
    const { tokens } = await score(model, text);
    expect(tokens.map(({ id, position }) => [id, position])).toEqual(text.slice(1).map((id, i) => [id, i + 1]));
    for (const { id, position, logprob, rank, allowed } of tokens) {
      const expected = logSoftmax(model.logitsAfter(text.slice(0, position)));
      expect(logprob).toBeCloseTo(expected[id]!, 6);
      expect(rank).toBe(1 + expected.filter((other) => other > expected[id]!).length);
      expect(allowed).toBe(true);
    }
  });

  it('adds up to the total and the perplexity', async () => {
    const { tokens, total, perplexity } = await score(model, text);
    const sum = tokens.reduce((all, { logprob }) => all + logprob, 0);
    expect(total).toBeCloseTo(sum, 12);
    expect(perplexity).toBeCloseTo(Math.exp(-sum / 9), 12);
  });

  it('equals what generating the same text reported step by step', async () => {
    const events = [];
    for await (const event of generate(model, [1, 5], { maxNewTokens: 12, seed: 3, logprobs: true }))
      if (event.type === 'token') events.push(event);
    const { tokens } = await score(model, [1, 5, ...events.map(({ id }) => id)], { promptLength: 2 });
    expect(tokens.map(({ id, rank }) => [id, rank])).toEqual(events.map(({ id, rank }) => [id, rank]));
    for (const [i, { logprob }] of tokens.entries()) expect(logprob).toBeCloseTo(events[i]!.logprob!, 10);
  });

  it.each([1, 2, 3, 4, 9, 100])('gives the same result in chunks of %d tokens', async (chunk) => {
    expect(await score(model, text, { chunk, promptLength: 3, top: 2 })).toEqual(
      await score(model, text, { promptLength: 3, top: 2 }),
    );
  });

  it('leaves the prompt unscored', async () => {
    const all = await score(model, text);
    const rest = await score(model, text, { promptLength: 4 });
    expect(rest.tokens).toEqual(all.tokens.slice(3));
  });

  it('scores nothing when the text is only a prompt', async () => {
    for (const [ids, promptLength] of [
      [[3], 1],
      [[3, 4], 2],
    ] as const) {
      const { tokens, total, perplexity } = await score(model, ids, { promptLength });
      expect([tokens, total, perplexity]).toEqual([[], 0, Number.NaN]);
    }
  });

  it('lists the best tokens', async () => {
    const { tokens } = await score(model, text, { top: 3 });
    const expected = logSoftmax(model.logitsAfter(text.slice(0, 4)));
    const best = [...expected.keys()].sort((a, b) => expected[b]! - expected[a]!).slice(0, 3);
    expect(tokens[3]!.top!.map(({ id }) => id)).toEqual(best);
    expect(tokens[3]!.top![0]!.logprob).toBeCloseTo(expected[best[0]!]!, 6);
    expect((await score(model, text)).tokens[3]).not.toHaveProperty('top');
  });

  it('follows each token through the stages of a chain', async () => {
    const { tokens } = await score(model, [1, 5, 2], { samplers: [clearing('no-five', 5), clearing('no-zero', 0)] });
    const [five, two] = tokens;
    expect(five).toMatchObject({ allowed: false, stages: [{ name: 'no-five' }, { name: 'no-zero' }] });
    expect(five!.stages!.map(({ logprob }) => logprob)).toEqual([-Infinity, -Infinity]);
    const weights = logSoftmax(model.logitsAfter([1, 5])).map(Math.exp);
    expect(two!.allowed).toBe(true);
    expect(two!.stages![0]!.logprob).toBeCloseTo(Math.log(weights[2]! / (1 - weights[5]!)), 6);
    expect(two!.stages![1]!.logprob).toBeCloseTo(Math.log(weights[2]! / (1 - weights[5]! - weights[0]!)), 6);
    // The model's own log-probabilities do not change.
    expect(five!.logprob).toBeCloseTo(logSoftmax(model.logitsAfter([1]))[5]!, 6);
    expect(two!.logprob).toBeCloseTo(Math.log(weights[2]!), 6);
  });

  it('shows the tokens of the text to stateful stages', async () => {
    const seen: unknown[] = [];
    const spy: Sampler = {
      name: 'spy',
      traits: {
        keepsArgMax: true,
        narrows: true,
        stateful: true,
      },
      onHost: (_, { sampled, state, position, promptLength }) => {
        seen.push([position, promptLength, sampled?.id, state.get()]);
        state.set(position);
      },
    };
    await score(model, [1, 5, 2, 2], { samplers: [spy], promptLength: 2 });
    expect(seen).toEqual([
      [2, 2, undefined, undefined],
      [3, 2, 2, 2],
    ]);
  });

  it('disposes caches and results, also after an error and an abort', async () => {
    const before = model.live.size;
    await score(model, text);
    const faulty: Sampler = {
      name: 'faulty',
      onHost() {
        throw new RangeError('planted');
      },
    };
    await expect(score(model, text, { samplers: [faulty] })).rejects.toThrow(RangeError);
    await expect(score(model, text, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(model.live.size).toBe(before);
  });

  it.each<[string, number[], ScoreOptions, new (...given: never[]) => Error, string]>([
    ['an empty text', [], {}, ParameterError, 'score: ids must be a list of at least 1 token id'],
    ['a text longer than the context', new Array(66).fill(1), {}, ContextLengthError, 'needs 65 positions'],
    ['a token outside the vocabulary', [1, 8, 2], {}, ParameterError, 'ids[1] must be an integer from 0 to 7, but 8'],
    ['such a token at the end', [1, 2, 8], {}, ParameterError, 'ids[2] must be an integer from 0 to 7, but 8'],
    ['such a token alone', [-1], {}, ParameterError, 'ids[0] must be an integer from 0 to 7, but -1'],
    [
      'a prompt of no tokens',
      text,
      { promptLength: 0 },
      ParameterError,
      'promptLength must be an integer from 1 to 10',
    ],
    ['a prompt longer than the text', text, { promptLength: 11 }, ParameterError, 'promptLength'],
    ['a chunk of no tokens', text, { chunk: 0 }, ParameterError, 'chunk must be an integer of at least 1'],
    ['a negative number of best tokens', text, { top: -1 }, ParameterError, 'top must be an integer of at least 0'],
    ['an invalid seed', text, { seed: -1 }, ParameterError, 'seed'],
    ['an unknown option', text, { tops: 1 } as ScoreOptions, UnknownOptionError, "Did you mean 'top'?"],
    [
      'a stage without a host form',
      text,
      { samplers: [{ name: 'far', onDevice: (x) => x }] },
      UnsupportedError,
      "the device-only sampler 'far'",
    ],
  ])('rejects %s', async (_, ids, options, type, message) => {
    const error = await score(model, ids, options).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
  });
});
