import type { Strategy } from '../contract/strategy.ts';

/**
 * Sample one token after the other from the shaped distribution: the plain loop. With `greedy()` last in the chain, this is
 * greedy decoding.
 *
 * @example
 * ```ts
 * generate(model, prompt, { strategy: sampling(), samplers: [topP({ p: 0.9 })] });
 * ```
 */
export function sampling(): Strategy {
  return {
    name: 'sampling',
    supportsControl: true,
    async *decode(run) {
      let rows = await run.start();
      while (rows.length > 0) {
        const scores = await run.advance(rows);
        const ids = await scores.apply(run.samplers).sample();
        rows = yield* run.accept(rows, ids, scores);
      }
    },
  };
}
