import { Random } from '@tokenwright/core';

/**
 * A row of logits like a language model's: probabilities that fall with rank as 1 / rank^1.3, over ids in no order, with some noise.
 * The same for each call.
 */
export function logitsLikeAModels(vocabSize: number): Float32Array {
  const random = new Random(5);
  const ranks = shuffled(vocabSize, random);
  return Float32Array.from(ranks, (rank, id) => {
    const noise = random.uniform(1, id, 'draw') + random.uniform(2, id, 'draw') - 1;
    return noise - 1.3 * Math.log(rank + 1);
  });
}

function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.uniform(0, last, 'draw') * (last + 1));
    const held = order[last]!;
    order[last] = order[other]!;
    order[other] = held;
  }
  return order;
}
