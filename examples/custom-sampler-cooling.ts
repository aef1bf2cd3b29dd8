// A sampler with declared options: the temperature falls from `from` to `to` during the first `tokens` tokens of the reply.
import { defineSampler, generateBatch } from '@tokenwright/core';
import { integerOption, numberOption } from '@tokenwright/core/options';
import { samplerCases, toyModel } from '@tokenwright/core/testing';

const cooling = defineSampler({
  name: 'cooling',
  summary: 'Lower the temperature while the reply grows',
  kind: 'shaping',
  options: {
    from: numberOption({ above: 0, suggested: 2, help: 'Temperature of the first token' }),
    to: numberOption({ above: 0, suggested: 0.2, help: 'Temperature after the given number of tokens' }),
    tokens: integerOption({ min: 1, default: 20, help: 'How many tokens it takes' }),
  },
  create: ({ from, to, tokens }) => ({
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, { position, promptLength }) {
      const temperature = from + (to - from) * Math.min(1, (position - promptLength) / tokens);
      for (let id = 0; id < logits.length; id++) logits[id]! /= temperature;
    },
  }),
});

const sampler = () => cooling({ from: 2, to: 0.2 });
// Throws when the sampler breaks the contract.
for (const { run } of samplerCases(sampler, { scaleInvariant: true })) await run();
const { sequences } = await generateBatch(toyModel(), [[1]], { samplers: [sampler()], maxNewTokens: 30, seed: 7 });
console.log(sequences[0]!.ids.join(' '));
