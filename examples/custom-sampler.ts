// A sampler is an object with a name and a function that edits the logits. This one bans every token that contains the letter e.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText, type Sampler } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const texts = Array.from({ length: model.vocabSize }, (_, id) => tokenizer.decode([id]));
const withoutE: Sampler = {
  name: 'without-e',
  onHost(logits) {
    for (const [id, text] of texts.entries()) if (/e/i.test(text)) logits[id] = -Infinity;
  },
};

const samplers = [withoutE, temperature({ temperature: 0.8 }), topP({ p: 0.9 })];
const prompt = 'A man sat down in our dark library, and';
const { text } = await generateText(model, tokenizer, prompt, { samplers, seed: 4, maxNewTokens: 40 });
console.log(prompt + text);
console.log(`the generated text contains the letter e ${text.split(/e/i).length - 1} times`);
