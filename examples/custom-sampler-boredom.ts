// A stateful sampler: the more predictable the last tokens were, the higher the temperature. `step.state` stays correct after
// forks and rewinds.
import { generateBatch, type Sampler } from '@tokenwright/core';
import { samplerCases, toyModel } from '@tokenwright/core/testing';

const boredom: Sampler = {
  name: 'boredom',
  traits: { keepsArgMax: true, narrows: true, stateful: true },
  onHost(logits, { state, sampled }) {
    const bored = 0.8 * (state.get<number>() ?? 0) + 0.2 * (sampled?.before ?? 0);
    state.set(bored);
    for (let id = 0; id < logits.length; id++) logits[id]! /= 0.5 + 2 * bored;
  },
};

for (const { run } of samplerCases(() => boredom)) await run();
const { sequences } = await generateBatch(toyModel(), [[1]], { samplers: [boredom], maxNewTokens: 30, seed: 7 });
console.log(sequences[0]!.ids.join(' '));
