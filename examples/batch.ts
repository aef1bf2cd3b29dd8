// Several prompts of different lengths in one batch. Each prompt gets the same text as it would alone.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateBatch } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompts = ['The king', 'The old captain', 'Down, down, down the rabbit hole, and'];
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
for (const { promptIndex, text } of result.sequences) console.log(`${prompts[promptIndex]}${text} …`);
const { rows, columns, mask } = result.padded(0, 'right');
console.log(
  `padded: ${rows} x ${columns}, of which ${mask.reduce((sum, real) => sum + real, 0)} are tokens of the texts`,
);
