// Greedy decoding, step by step: start an engine, load a model, stream the most probable text. Greedy is the default.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompt = 'Once upon a time there was a king who';
process.stdout.write(prompt);
for await (const piece of generateText(model, tokenizer, prompt, { maxNewTokens: 40 })) process.stdout.write(piece);
console.log();
