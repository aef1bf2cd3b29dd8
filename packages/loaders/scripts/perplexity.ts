// Prints what each format does to stories260k: bytes of the weights, perplexity of a text that the model has not seen, and what it
// writes when it always takes the best token after "Once upon a time".
//
//   node --conditions=@tokenwright/source scripts/perplexity.ts
//
// The GGUF files come from the writer of our tests, the others from convertModel. Needs ../shared beside the repository.
import '@tensorflow/tfjs-backend-cpu';
import { score } from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { convertModel, files, folder, inspectModel, load, type ModelInput, memorySink } from '../src/index.ts';
import { greedy } from '../src/testing/greedy.ts';
import { hasStories, storiesFolder, storiesGguf, unseenStory } from '../src/testing/stories.ts';

if (!hasStories) throw new Error(`There is no ${storiesFolder.pathname}.`);

const inputs: (readonly [string, () => Promise<ModelInput>])[] = [
  ['safetensors F32', async () => folder(storiesFolder)],
];
for (const type of ['F16', 'BF16', 'Q8_0', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0'])
  inputs.push([`GGUF ${type}`, () => storiesGguf(type)]);
for (const format of ['8-bit', '8-bit-blocks', '4-bit-blocks'] as const)
  inputs.push([
    `safetensors ${format}`,
    async () => {
      const sink = memorySink();
      await convertModel(folder(storiesFolder), sink, { format });
      return files(sink.contents);
    },
  ]);

const engine = await referenceEngine({ backend: 'cpu' });
let plain: number | undefined;
for (const [name, make] of inputs) {
  const input = await make();
  const { bytes } = await inspectModel(input);
  const { model, tokenizer, dispose } = await load(input, { engine });
  const { perplexity } = await score(model, tokenizer.encode(unseenStory));
  plain ??= perplexity;
  const change = `${perplexity >= plain ? '+' : ''}${(100 * (perplexity / plain - 1)).toFixed(2)} %`;
  const text = tokenizer.decode(await greedy(model, tokenizer.encode('Once upon a time'), 28));
  console.log(
    `${name.padEnd(24)} ${String(bytes).padStart(8)} bytes  perplexity ${perplexity.toFixed(4)} (${change})  ${text}`,
  );
  dispose();
}
await engine.dispose();
