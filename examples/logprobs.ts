// Probability and rank of each token and the best alternatives, computed from the model's logits before any sampler.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature } from '@tokenwright/samplers';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const options = {
  samplers: [temperature({ temperature: 0.9 })],
  seed: 3,
  maxNewTokens: 8,
  logprobs: true,
  topLogprobs: 3,
};
for await (const event of generate(model, tokenizer.encode('The old house'), options)) {
  if (event.type !== 'token') continue;
  const name = (id: number): string => JSON.stringify(tokenizer.decode([id]));
  const best = event.top!.map(({ id, logprob }) => `${name(id)} ${Math.exp(logprob).toFixed(3)}`);
  const chosen = `${name(event.id)} ${Math.exp(event.logprob!).toFixed(3)}, rank ${event.rank}`;
  console.log(`${chosen.padEnd(30)} best: ${best.join(', ')}`);
}
