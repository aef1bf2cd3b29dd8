// A strategy decides which tokens to feed and accept. This one tries the best tokens and takes the one after which the model is most
// certain about the next token.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText, type Strategy } from '@tokenwright/core';
import { topTokens } from '@tokenwright/core/sampling';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy, repetitionPenalty } from '@tokenwright/samplers';

const lookAhead = (width: number): Strategy => ({
  name: 'look-ahead',
  async *decode(run) {
    let rows = await run.start();
    let scores = (await run.advance(rows)).apply(run.samplers);
    let chosen = 0;
    while (rows.length > 0) {
      const [row] = rows;
      const ids = Array.from(topTokens(await scores.logits(chosen), width));
      const histories = await Promise.all(ids.map((id) => scores.extend(chosen, id)));
      run.cache.gather(ids.map(() => 0));
      scores = (await run.advance(histories.map((history) => ({ ...row!, history })))).apply(run.samplers);
      const certainty = await Promise.all(ids.map(async (_, i) => Math.max(...(await scores.probabilities(i)))));
      chosen = certainty.indexOf(Math.max(...certainty));
      run.cache.gather([chosen]);
      rows = yield* run.accept(rows, [[{ history: histories[chosen]! }]]);
    }
  },
});

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });
const penalty = repetitionPenalty({ penalty: 1.3 });
for (const options of [{ samplers: [penalty, greedy()] }, { samplers: [penalty], strategy: lookAhead(4) }]) {
  const { text } = await generateText(model, tokenizer, 'The sailor', { ...options, maxNewTokens: 24 });
  console.log(`${'strategy' in options ? 'look-ahead' : 'greedy'}: The sailor${text}`);
}
