// A cache that the caller owns. The prefix that a call shares with the previous one is not computed again.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const cache = model.createCache();
let text = 'The travelers came to a river. They looked for a bridge, but there was none.';
for (const question of ['', ' Then the lion said:', ' But the girl']) {
  text += question;
  const options = { cache, maxNewTokens: 12 };
  const { text: more, usage } = await generateText(model, tokenizer, text, options);
  console.log(`${usage.promptTokens} prompt tokens, ${usage.cachedTokens} of them in the cache:${question}${more}`);
  text += more;
}
console.log(`the cache holds ${cache.lengths[0]} tokens in ${cache.bytes} bytes`);
cache.dispose();
