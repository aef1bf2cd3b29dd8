// A custom stop condition: this one ends the text after two sentences. `stopStrings` and `maxTime` cover the usual cases.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText, type StopCondition } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const afterTwoSentences: StopCondition = ({ text }) => (text.match(/[.!?]/g) ?? []).length >= 2;

const prompt = 'The whale';
const { text, finishReason, stopReason, usage } = await generateText(model, tokenizer, prompt, {
  samplers: [temperature({ temperature: 0.8 }), topP({ p: 0.95 })],
  seed: 5,
  stopWhen: afterTwoSentences,
});
console.log(prompt + text);
console.log(`${finishReason} (${stopReason}) after ${usage.completionTokens} tokens`);
