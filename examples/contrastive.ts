// Contrastive decoding scores each token by an expert against a weaker amateur. The combination is a language model like any other.
import { tfjs } from '@tokenwright/backends/tfjs';
import { combine, contrastiveLogits } from '@tokenwright/contrastive';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model: expert, tokenizer } = await load(demoModel('story'), { engine });
const { model: amateur } = await load(demoModel('story-amateur'), { engine });
const contrasted = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits({ beta: 0.5 }) });

const prompt = 'The old king had three daughters, and';
for (const model of [expert, contrasted]) {
  const options = { samplers: [greedy()], maxNewTokens: 40 };
  const { text } = await generateText(model, tokenizer, prompt, options);
  console.log(`${model === expert ? 'expert alone' : 'expert against amateur'}: ${prompt}${text}\n`);
}
