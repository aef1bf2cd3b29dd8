// A custom sampler in five lines: only odd token ids may follow an even one, and only even ids an odd one.
import { generateBatch, type Sampler } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { topP } from '@tokenwright/samplers';

const everyOther: Sampler = {
  name: 'every-other',
  onHost(logits, { history }) {
    for (let id = (history.at(-1) ?? 0) & 1; id < logits.length; id += 2) logits[id] = -Infinity;
  },
};

const { sequences } = await generateBatch(toyModel({ vocabSize: 20 }), [[1]], {
  samplers: [everyOther, topP({ p: 0.9 })],
  maxNewTokens: 20,
  seed: 7,
});
console.log(sequences[0]!.ids.join(' '));
