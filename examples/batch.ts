// Several prompts of different lengths at once. Each gives exactly what it gives alone; the results are ragged.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateBatch } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompts = ['The king', 'My dear Watson,', 'Down, down, down the rabbit hole, and'];
const result = await generateBatch(
  model,
  prompts.map((prompt) => tokenizer.encode(prompt)),
  {
    tokenizer,
    samplers: [temperature({ temperature: 0.8 }), topP({ p: 0.9 })],
    seed: [1, 2, 3],
    stopStrings: ['.'],
    maxNewTokens: 30,
  },
);
for (const [row, text] of result.texts.entries()) console.log(`${prompts[row]}${text} …`);
const { rows, columns, mask } = result.padded(0, 'right');
console.log(`as a rectangle: ${rows} x ${columns}, ${mask.reduce((sum, real) => sum + real, 0)} real tokens`);
