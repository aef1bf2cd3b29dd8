import type { EngineMatrix } from '@tokenwright/core/engine';
import { type ForwardPart, type ForwardResult, LazyMatrix } from '@tokenwright/core/model';
import { largest } from '@tokenwright/core/sampling';
import type { Rule, WeightedLogits } from './rule.ts';

/** What combining needs of a source besides its logits. */
export interface SourceShare {
  readonly name: string;
  readonly temperature: number;
  readonly weight: number;
}

/** The forward pass of a combined model. `parts` are the expert, then the others in order. */
export class CombinedResult implements ForwardResult {
  readonly logits: EngineMatrix;
  readonly scored: readonly number[];
  readonly hidden?: EngineMatrix;
  readonly earlyExits?: ReadonlyMap<number, EngineMatrix>;
  readonly parts: readonly ForwardPart[];
  /** The expert's own logits, for rows in which the samplers leave no plausible token. */
  readonly relaxed: EngineMatrix;
  readonly others: readonly SourceShare[];
  readonly rule: Rule;
  readonly #expert: ForwardResult;
  readonly #own: readonly EngineMatrix[];

  /** @param own matrices to dispose besides the expert's. */
  constructor(
    expert: ForwardResult,
    others: readonly SourceShare[],
    parts: readonly EngineMatrix[],
    own: readonly EngineMatrix[],
    rule: Rule,
  ) {
    this.#expert = expert;
    this.#own = own;
    this.others = others;
    this.rule = rule;
    this.scored = expert.scored;
    this.relaxed = expert.logits;
    if (expert.hidden !== undefined) this.hidden = expert.hidden;
    if (expert.earlyExits !== undefined) this.earlyExits = expert.earlyExits;
    this.parts = [
      { name: 'expert', logits: expert.logits },
      ...parts.map((logits, i) => ({ name: others[i]!.name, logits })),
    ];
    const { rows, columns } = expert.logits;
    this.logits = new LazyMatrix(rows, columns, async () => {
      const read = await Promise.all(this.parts.map((part) => part.logits.read()));
      if (rows === 1) return combineRow(rule, read[0]!, weightedLogits(others, read.slice(1)));
      const result = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        const [own, ...rest] = read.map((values) => values.subarray(row * columns, (row + 1) * columns));
        result.set(combineRow(rule, own!, weightedLogits(others, rest)), row * columns);
      }
      return result;
    });
  }

  dispose(): void {
    this.logits.dispose();
    this.#expert.dispose();
    for (const matrix of this.#own) matrix.dispose();
  }
}

/**
 * One row of the rule. A rule could hide what is wrong with a source: it does not look at tokens that the expert finds
 * implausible, and subtracts +Infinity. So a row of NaN is the result of a source that has NaN or +Infinity or no token.
 */
function combineRow(rule: Rule, expert: Float32Array, others: readonly WeightedLogits[]): Float32Array {
  const isBroken = others.some(({ logits }) => !Number.isFinite(largest(logits).logit));
  if (!isBroken) return rule.combine(expert, others);
  return new Float32Array(expert.length).fill(Number.NaN);
}

/** The other sources' logits in the form that a rule takes. */
export function weightedLogits(others: readonly SourceShare[], logits: readonly Float32Array[]): WeightedLogits[] {
  return others.map(({ temperature, weight }, i) => ({
    logits: temperature === 1 ? logits[i]! : logits[i]!.map((logit) => logit / temperature),
    weight,
  }));
}
