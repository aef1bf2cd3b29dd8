// Nucleus sampling: a chain of two samplers and a seed. The same seed gives the same text.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const samplers = [temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
const prompt = 'It was a dark night, and the old captain';
for (const seed of [1, 2, 1]) {
  const { text, timing } = await generateText(model, tokenizer, prompt, { samplers, seed, maxNewTokens: 24 });
  console.log(`seed ${seed}: ${prompt}${text} (${timing.perToken.toFixed(1)} ms per token)`);
}
