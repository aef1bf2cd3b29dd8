// Speculative decoding: a cheap drafter proposes tokens and the model checks them in one pass. The text does not change; the speedup
// depends on how many tokens are accepted.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { promptLookup, speculative } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });
const { model: amateur } = await load(demoModel('story-amateur'), { engine });

const prompt = 'The old king had three daughters, and';
const drafts = { 'a smaller model': amateur, 'prompt lookup': promptLookup() };
const options = { maxNewTokens: 48 };
const plain = await generateText(model, tokenizer, prompt, options);
console.log(`${prompt}${plain.text}\n`);
for (const [name, draft] of Object.entries(drafts)) {
  const strategy = speculative({ draft, numAssistantTokens: 4 });
  const { usage, ids } = await generateText(model, tokenizer, prompt, { ...options, strategy });
  const same = ids.join() === plain.ids.join() ? 'the same text' : 'a different text';
  console.log(`${name}: ${usage.acceptedTokens} of ${usage.draftedTokens} drafted tokens accepted, ${same}`);
}
