// Contrastive search prefers probable tokens whose hidden state differs from those of earlier tokens, which avoids repetition.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { contrastiveSearch } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompt = 'The old king had three daughters, and';
for (const penaltyAlpha of [0, 0.6]) {
  const options = { strategy: contrastiveSearch({ topK: 4, penaltyAlpha }), maxNewTokens: 40 };
  const { text } = await generateText(model, tokenizer, prompt, options);
  console.log(`penaltyAlpha ${penaltyAlpha}: ${prompt}${text}\n`);
}
