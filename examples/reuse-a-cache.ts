// A cache is a value that you hold. What a second call has in common with the first is not computed again.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const cache = model.createCache();
let text = 'The travellers came to a river. They looked for a bridge, but there was none.';
for (const question of ['', ' Then the lion said:', ' But the girl']) {
  text += question;
  const options = { cache, samplers: [greedy()], maxNewTokens: 12 };
  const { text: more, usage } = await generateText(model, tokenizer, text, options);
  console.log(`${usage.promptTokens} tokens of prompt, ${usage.cachedTokens} of them in the cache:${question}${more}`);
  text += more;
}
console.log(`the cache holds ${cache.lengths[0]} tokens in ${cache.bytes} bytes`);
cache.dispose();
