// The shortest program: load a model, stream what it finds most probable.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompt = 'Once upon a time there was a king who';
process.stdout.write(prompt);
for await (const text of generateText(model, tokenizer, prompt, { samplers: [greedy()], maxNewTokens: 40 }))
  process.stdout.write(text);
console.log();
