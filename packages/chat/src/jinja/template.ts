import { Evaluator } from './run/evaluator.ts';
import { globalsOf } from './run/globals.ts';
import { Renderer } from './run/renderer.ts';
import { Scope } from './run/scope.ts';
import type { Statement } from './syntax/nodes.ts';
import { loopNames, namesIn, parseTemplate } from './syntax/statements.ts';
import { Budget } from './values/budget.ts';
import { TemplateProblem } from './values/problem.ts';
import type { Value } from './values/values.ts';

/**
 * A Jinja template, rendered as Jinja2 does with the settings of Hugging Face's `apply_chat_template`: values print as in Python, and
 * texts are counted in code points. What Jinja2 has and this renderer does not is an error, never another text.
 */
export class Template {
  /** Every name that occurs in the template, but for those of its loops. */
  readonly names: ReadonlySet<string>;
  readonly #statements: readonly Statement[];

  /** @throws TemplateProblem of kind 'syntax', 'unsupported' or 'limit'. */
  constructor(source: string) {
    [this.#statements, this.names] = withinStack(() => {
      const statements = parseTemplate(source);
      const fromLoops = loopNames(statements);
      return [statements, new Set([...namesIn(statements)].filter((name) => !fromLoops.has(name)))] as const;
    });
  }

  /**
   * @param budget of this rendering. Default the usual one.
   * @throws TemplateProblem with the line.
   */
  render(variables: ReadonlyMap<string, Value>, budget: Budget = new Budget()): string {
    const evaluator = new Evaluator(budget, globalsOf(budget));
    const scope = new Scope();
    for (const [name, value] of variables) scope.set(name, value);
    try {
      return withinStack(() => new Renderer(evaluator).render(this.#statements, new Scope(scope)));
    } catch (error) {
      if (error instanceof TemplateProblem) error.line ??= evaluator.line;
      throw error;
    }
  }
}

/** The stack may be small in a Worker. Running out of it, or of room, is a problem of the template. */
function withinStack<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && /call stack|too much recursion/i.test(error.message))
      throw new TemplateProblem('limit', 'the template has too many levels inside each other');
    // A text or list that is longer than the machine allows.
    if (error instanceof RangeError) throw new TemplateProblem('limit', `the template fails: ${error.message}`);
    throw error;
  }
}
