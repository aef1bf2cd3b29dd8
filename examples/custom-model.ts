// A custom model from one function. This one predicts the next letter from how often it follows the last three letters of a text.
import { generateBatch, hostModel } from '@tokenwright/core';
import { temperature, topP } from '@tokenwright/samplers';

const text = `
the sun goes down behind the hill and the moon comes up above the sea
the men come down to the boats and the women look up to the moon
the sea sings to the boats and the boats sing to the sea
the moon goes down and the sun comes up above the hill
`;
const letters = [...new Set(text)].sort();
const idsOf = (part: string): number[] => [...part].map((letter) => letters.indexOf(letter));

const model = hostModel({
  vocabSize: letters.length,
  contextLength: 1000,
  logits(ids) {
    const last = [...ids.slice(-3)].map((id) => letters[id]).join('');
    return letters.map((letter) => Math.log(text.split(last + letter).length - 1 + 1e-6));
  },
});

const prompts = ['the s', 'the m'];
const { sequences } = await generateBatch(model, prompts.map(idsOf), {
  samplers: [temperature({ temperature: 0.8 }), topP({ p: 0.95 })],
  stopWhen: ({ id }) => letters[id] === '\n',
  maxNewTokens: 80,
  seed: 7,
});
for (const [i, { ids }] of sequences.entries()) console.log(prompts[i] + ids.map((id) => letters[id]).join(''));
