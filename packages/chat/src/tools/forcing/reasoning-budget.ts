import type { Json, MaskSampler, RowStep, Tokenizer } from '@tokenwright/core';
import type { ReasoningFormat } from '../tool-format.ts';

/** Where a reply is: before it is known whether it reasons, in the reasoning, or past it. */
type Phase = 'before' | 'in' | 'past';

/**
 * What a history remembers. `length`: tokens that were read. `start`: where the current phase began. `count`: tokens of reasoning.
 * `forced`: tokens of the closing mark that were forced.
 */
type Remembered = readonly [length: number, phase: Phase, start: number, count: number, forced: number];

/** How many tokens are searched for a mark. A model may spell a mark letter by letter, and the longest has fewer letters. */
const searched = 48;

/**
 * End the reasoning after `budget` tokens: from then on only the tokens of its end are allowed, one after the other. It reads
 * nothing but the history, so it works with every strategy.
 *
 * @param tokenizer decodes the reply, to find the marks in it.
 * @param closeIds token ids of the closing mark.
 * @param budget largest number of tokens of reasoning; 0 ends it at once.
 * @param inReasoning the prompt ends inside the reasoning.
 */
export function reasoningBudget(
  tokenizer: Tokenizer,
  { open, close }: ReasoningFormat,
  closeIds: readonly number[],
  budget: number,
  inReasoning: boolean,
): MaskSampler {
  const read = (step: RowStep): Remembered => {
    const { tokens } = step.history;
    let [length, phase, start, count, forced] = (step.state.get<Json>() as unknown as Remembered) ?? [
      step.promptLength,
      inReasoning ? 'in' : 'before',
      step.promptLength,
      0,
      0,
    ];
    for (; length < tokens.length; length++) {
      if (phase === 'before') {
        // A mark may be split inside a character, which is incomplete until its last token.
        const text = tokenizer
          .decode(tokens.subarray(start, length + 1))
          .trimStart()
          .replace(/\ufffd+$/, '');
        if (text.startsWith(open)) {
          phase = 'in';
          start = length + 1;
        } else if (!open.startsWith(text) || length - start > searched) phase = 'past';
      } else if (phase === 'in') {
        forced = count >= budget && tokens[length] === closeIds[forced] ? forced + 1 : 0;
        count++;
        const from = Math.max(start, length + 1 - searched);
        if (tokenizer.decode(tokens.subarray(from, length + 1)).includes(close)) phase = 'past';
      } else break;
    }
    return [tokens.length, phase, start, count, forced];
  };
  return {
    name: 'reasoning-budget',
    parameters: { budget },
    kind: 'constraint',
    traits: { narrows: true, stateful: true },
    mask(step) {
      const remembered = read(step);
      step.state.set(remembered);
      const [, phase, , count, forced] = remembered;
      const isOver = phase === 'in' && count >= budget;
      const bits = new Uint32Array(Math.ceil(step.vocabSize / 32)).fill(isOver ? 0 : 0xffffffff);
      if (isOver) {
        const id = closeIds[forced] ?? closeIds[0]!;
        bits[id >>> 5]! |= 1 << (id & 31);
      }
      return bits;
    },
  };
}
