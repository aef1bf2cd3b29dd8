// A sampler factory with options and declared traits: the temperature falls from `from` to `to` during the first `tokens` tokens.
import { generateBatch, type Sampler } from '@tokenwright/core';
import { samplerCases, toyModel } from '@tokenwright/core/testing';

const cooling = ({ from, to, tokens }: { from: number; to: number; tokens: number }): Sampler => ({
  name: 'cooling',
  parameters: { from, to, tokens },
  kind: 'shaping',
  traits: { keepsArgMax: true, narrows: true },
  onHost(logits, { position, promptLength }) {
    const temperature = from + (to - from) * Math.min(1, (position - promptLength) / tokens);
    for (let id = 0; id < logits.length; id++) logits[id]! /= temperature;
  },
});

const sampler = () => cooling({ from: 2, to: 0.2, tokens: 20 });
for (const { run } of samplerCases(sampler)) await run(); // throws when the sampler breaks the contract
const { sequences } = await generateBatch(toyModel(), [[1]], { samplers: [sampler()], maxNewTokens: 30, seed: 7 });
console.log(sequences[0]!.ids.join(' '));
