import type { Constraint } from './constraints.ts';

/**
 * How much of a list of constraints a sequence has met. Immutable. One constraint is active at a time. A token that breaks it returns
 * it to the waiting ones, and does not count as the start of another.
 */
export class ConstraintProgress {
  /** The phrases of each constraint that has not started. */
  readonly #waiting: readonly Phrases[];
  /** The active constraint: all of its phrases, those that still match, and how many of their tokens are present. */
  readonly #current: { readonly of: Phrases; readonly matching: Phrases; readonly length: number } | undefined;
  readonly #met: number;
  /** Length of the longest phrase. */
  readonly #unit: number;

  private constructor(waiting: readonly Phrases[], current: ConstraintProgress['progress'], met: number, unit: number) {
    this.#waiting = waiting;
    this.#current = current;
    this.#met = met;
    this.#unit = unit;
  }

  static start(constraints: readonly Constraint[]): ConstraintProgress {
    const waiting = constraints.map((constraint) => ('phrase' in constraint ? [constraint.phrase] : constraint.anyOf));
    return new ConstraintProgress(waiting, undefined, 0, Math.max(...waiting.flat().map(({ length }) => length)));
  }

  get progress(): { readonly of: Phrases; readonly matching: Phrases; readonly length: number } | undefined {
    return this.#current;
  }

  /** True when every constraint is met. */
  get complete(): boolean {
    return this.#waiting.length === 0 && this.#current === undefined;
  }

  /**
   * Tokens of constraints met so far, where each met constraint counts as many tokens as the longest phrase of all. Hypotheses with
   * equal numbers compete with each other.
   */
  get bank(): number {
    const { of, length } = this.#current ?? { of: [], length: 0 };
    const missing = Math.max(0, ...of.map((phrase) => phrase.length)) - length;
    return this.#met * this.#unit + (this.#current === undefined ? 0 : this.#unit - missing);
  }

  /** Tokens that advance a constraint. */
  get advancing(): number[] {
    if (this.#current !== undefined)
      return distinct(this.#current.matching.map((phrase) => phrase[this.#current!.length]!));
    return this.#waiting.flatMap((phrases) => distinct(phrases.map((phrase) => phrase[0]!)));
  }

  append(id: number): ConstraintProgress {
    const current = this.#current;
    if (current !== undefined) {
      const matching = current.matching.filter((phrase) => phrase[current.length] === id);
      return matching.length === 0
        ? new ConstraintProgress([...this.#waiting, current.of], undefined, this.#met, this.#unit)
        : this.#with(this.#waiting, current.of, matching, current.length + 1);
    }
    const begun = this.#waiting.findIndex((phrases) => phrases.some((phrase) => phrase[0] === id));
    if (begun < 0) return this;
    const of = this.#waiting[begun]!;
    const rest = this.#waiting.filter((_, i) => i !== begun);
    return this.#with(
      rest,
      of,
      of.filter((phrase) => phrase[0] === id),
      1,
    );
  }

  #with(waiting: readonly Phrases[], of: Phrases, matching: Phrases, length: number): ConstraintProgress {
    return matching.some((phrase) => phrase.length === length)
      ? new ConstraintProgress(waiting, undefined, this.#met + 1, this.#unit)
      : new ConstraintProgress(waiting, { of, matching, length }, this.#met, this.#unit);
  }
}

type Phrases = readonly (readonly number[])[];

function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)];
}
