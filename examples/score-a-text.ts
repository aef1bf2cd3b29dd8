// Teacher forcing: the probability of a given text, computed in one pass. A lower perplexity means a more expected text.
import { tfjs } from '@tokenwright/backends/tfjs';
import { score } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

for (const text of [
  'The king went into the forest with his daughter.',
  'The king went into the internet with his daughter.',
  'Daughter his with forest the into went king the.',
]) {
  const { tokens, total, perplexity } = await score(model, tokenizer.encode(text));
  console.log(`${perplexity.toFixed(1).padStart(7)}  ${total.toFixed(1).padStart(7)} nats  ${text}`);
  const worst = tokens.reduce((a, b) => (b.logprob < a.logprob ? b : a));
  console.log(`         least expected: ${JSON.stringify(tokenizer.decode([worst.id]))}, rank ${worst.rank}`);
}
