import { TemplateProblem } from './problem.ts';

/** Evaluated nodes, iterations, copied items, and units of other work. A chat of 200 turns takes some ten thousand. */
const mostSteps = 5_000_000;
/** Characters of one text that a template makes. */
const longestText = 2 ** 24;
/** Characters that a template may make in all. */
const mostText = 2 ** 26;
/** Calls inside calls: macros, callers and recursive loops. */
const deepestCall = 200;
/** Characters that are read in one step. */
const textPerStep = 16;

/** What one rendering may still use. A template is a program by someone else, so it must end. */
export class Budget {
  readonly #most: number;
  readonly #longest: number;
  #steps: number;
  #text: number;
  #depth = 0;

  /** @param share of the usual limits on steps and texts. Default 1. */
  constructor(share = 1) {
    this.#most = mostSteps * share;
    this.#longest = longestText * share;
    this.#steps = this.#most;
    this.#text = mostText * share;
  }

  /** Take `count` steps. */
  step(count = 1): void {
    this.#steps -= count;
    if (this.#steps < 0) throw new TemplateProblem('limit', `the template takes more than ${this.#most} steps`);
  }

  /** Read a text of this length. */
  read(length: number): void {
    this.step(1 + length / textPerStep);
  }

  /** Work on each character of a text of this length. */
  transform(length: number): void {
    this.step(1 + length / 4);
  }

  /** Make a text of this length, of which `fresh` characters take memory. */
  text(length: number, fresh: number = length): void {
    if (length > this.#longest)
      throw new TemplateProblem('limit', `the template makes a text of more than ${this.#longest} characters`);
    this.#text -= fresh;
    if (this.#text < 0) throw new TemplateProblem('limit', 'the template makes too many characters in all');
    this.step(1 + fresh / textPerStep);
  }

  /** Run `work` one call deeper. */
  call<Result>(work: () => Result): Result {
    if (this.#depth >= deepestCall)
      throw new TemplateProblem('limit', `the template has more than ${deepestCall} calls inside each other`);
    this.#depth++;
    try {
      this.step();
      return work();
    } finally {
      this.#depth--;
    }
  }
}
