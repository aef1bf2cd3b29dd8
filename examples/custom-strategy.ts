// A strategy decides which tokens to feed and accept. This one writes several texts and returns the likeliest.
import { tfjs } from '@tokenwright/backends';
import { generateText, type Row, type Settled, type Strategy } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature } from '@tokenwright/samplers';

const bestOf = (count: number): Strategy => ({
  name: 'best-of',
  async *decode(run) {
    let live = (await run.start(count)).map((row: Row) => ({ row, sum: 0 }));
    const finished: (Settled & { score: number })[] = [];
    while (live.length > 0) {
      const scores = (await run.advance(live.map(({ row }) => row))).apply(run.samplers);
      const ids = await scores.draw();
      for (const [i, text] of live.entries()) {
        text.sum += (await scores.describe(i, ids[i]!)).logprob!;
        text.row = { ...text.row, history: await scores.extend(i, ids[i]!) };
        const reason = run.ended(text.row);
        const length = text.row.history.length - run.promptLengths[0]!;
        if (reason !== undefined) finished.push({ row: text.row, reason, score: text.sum / length });
      }
      run.cache.gather([...live.keys()].filter((i) => run.ended(live[i]!.row) === undefined));
      live = live.filter(({ row }) => run.ended(row) === undefined);
    }
    const [best] = finished.sort((a, b) => b.score - a.score);
    if (best !== undefined) yield* run.settle([{ ...best, row: { ...best.row, sequence: 0 } }]);
  },
});

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });
for (const count of [1, 8]) {
  const options = { strategy: bestOf(count), samplers: [temperature({ t: 0.9 })], seed: 2, maxNewTokens: 16 };
  const { text, score } = await generateText(model, tokenizer!, 'The sailor', options).result();
  console.log(`best of ${count}: The sailor${text} (mean log-probability ${score!.toFixed(2)})`);
}
