import { TemplateProblem } from './problem.ts';

/** Evaluated nodes, iterations, and units of work of other kinds. A long real chat takes some ten thousand. */
const mostSteps = 20_000_000;
/** Characters of one text that a template makes. */
const longestText = 2 ** 25;
/** Characters that a template may make in all. */
const mostText = 2 ** 28;
/** Calls inside calls: macros, callers and recursive loops. */
const deepestCall = 200;
/** Characters that are read in one step. */
const textPerStep = 64;

/** What one rendering may still use. A template is a program by someone else, so it must come to an end. */
export class Budget {
  #steps = mostSteps;
  #text = mostText;
  #depth = 0;

  /** Take `count` steps. */
  step(count = 1): void {
    this.#steps -= count;
    if (this.#steps < 0)
      throw new TemplateProblem('limit', `the template takes more than ${mostSteps.toLocaleString('en-US')} steps`);
  }

  /** Read a text of this length. */
  read(length: number): void {
    this.step(1 + length / textPerStep);
  }

  /** Make a text of this length, of which `fresh` characters take memory. */
  text(length: number, fresh: number = length): void {
    if (length > longestText)
      throw new TemplateProblem('limit', `the template makes a text of more than ${longestText} characters`);
    this.#text -= fresh;
    if (this.#text < 0)
      throw new TemplateProblem('limit', `the template makes texts of more than ${mostText} characters in all`);
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
