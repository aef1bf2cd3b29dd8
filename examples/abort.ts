// An AbortSignal ends a call, which then returns the text so far. Leaving the loop early also releases all buffers.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const controller = new AbortController();
setTimeout(() => controller.abort(), 300);
const samplers = [temperature({ temperature: 0.8 })];
const generation = generateText(model, tokenizer, 'The wind', { samplers, signal: controller.signal, seed: 1 });
const { finishReason, usage, text } = await generation;
console.log(`finish reason '${finishReason}' after ${usage.completionTokens} tokens: The wind${text}`);
const { buffers } = engine.memory();

for await (const piece of generateText(model, tokenizer, 'The wind', { samplers, seed: 1 })) {
  console.log(`left the loop at ${JSON.stringify(piece)}`);
  break;
}
console.log(`buffers before and after: ${buffers}, ${engine.memory().buffers}`);
