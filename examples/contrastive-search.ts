// Contrastive search takes a probable token whose hidden state is unlike those before it, which keeps text from repeating.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { contrastiveSearch } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompt = 'The old king had three daughters, and';
for (const alpha of [0, 0.6]) {
  const options = { strategy: contrastiveSearch({ topK: 4, penaltyAlpha: alpha }), maxNewTokens: 40 };
  const { text } = await generateText(model, tokenizer, prompt, options);
  console.log(`alpha ${alpha}: ${prompt}${text}\n`);
}
