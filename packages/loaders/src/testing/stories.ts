import { readFileSync } from 'node:fs';
import { openWeights } from '../checkpoint/open-weights.ts';
import type { JsonObject } from '../sources/json.ts';
import { folder } from '../sources/model-source.ts';
import { int32, list, uint32 } from './gguf-bytes.ts';
import { floats, ggufModel } from './gguf-model.ts';
import { sharedUrl } from './shared-data.ts';

/** stories260k, a trained Llama of 260,032 parameters (see shared/README.md); not ours to publish, so it is outside the checkout. */
export const storiesFolder: URL = sharedUrl('fixtures/stories260k');

/** A text that the model has not seen, in the words of its training. */
export const unseenStory = `Once upon a time, there was a small dog named Max. Max lived in a big house with a boy called Tim. One day, Max and Tim went to the park. They saw a little bird on the grass. The bird was sad because it could not fly. "Do not be sad," said Tim. "We will help you." Tim picked up the bird and put it in a tree. Max ran around the tree and barked. The bird was happy and began to sing. Then Tim and Max went home. Mom gave them some food. They were very happy, and they told Mom about the bird. From that day on, the bird came to see them every morning.`;

/** stories260k as a GGUF file whose matrices are of the type; rows that its blocks do not divide stay F16. */
export async function storiesGguf(type: string): Promise<Uint8Array> {
  const read = (name: string): JsonObject =>
    JSON.parse(readFileSync(new URL(`${storiesFolder.href}/${name}`), 'utf8')) as JsonObject;
  const { vocab } = read('tokenizer.json').model as { vocab: Record<string, number> };
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocab)) tokens[id] = token;
  const firstPiece = 3 + 256;
  return ggufModel({
    config: { ...read('config.json'), rope_theta: 10000 },
    weights: await openWeights(folder(storiesFolder)),
    type,
    metadata: {
      'tokenizer.ggml.model': 'llama',
      'tokenizer.ggml.tokens': tokens,
      // SentencePiece's scores of BPE: the order in which pieces were made.
      'tokenizer.ggml.scores': floats(tokens.map((_, id) => (id < firstPiece ? 0 : firstPiece - id))),
      'tokenizer.ggml.token_type': list(
        tokens.map((_, id) => int32(id === 0 ? 2 : id < 3 ? 3 : id < firstPiece ? 6 : 1)),
      ),
      'tokenizer.ggml.bos_token_id': uint32(1),
      'tokenizer.ggml.eos_token_id': uint32(2),
      'tokenizer.ggml.unknown_token_id': uint32(0),
    },
  });
}
