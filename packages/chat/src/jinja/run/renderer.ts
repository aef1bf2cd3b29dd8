import type { Expression, ForStatement, MacroBody, Statement, Target } from '../syntax/nodes.ts';
import type { Budget } from '../values/budget.ts';
import { isTrue, iterate, listOf } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed } from '../values/problem.ts';
import { Callable, Dict, Namespace, OneShot, Tuple, Undefined, type Value } from '../values/values.ts';
import type { Evaluator } from './evaluator.ts';
import { Loop } from './loop.ts';
import { Scope } from './scope.ts';

/** What a statement does to the loop around it. */
type Jump = 'break' | 'continue' | undefined;

/** Text that statements write. */
class Output {
  readonly #budget: Budget;
  #text = '';

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get text(): string {
    return this.#text;
  }

  write(text: string): void {
    this.#budget.text(this.#text.length + text.length, text.length);
    this.#text += text;
  }
}

/** Runs statements, which write text. */
export class Renderer {
  readonly #evaluator: Evaluator;
  readonly #budget: Budget;

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
    this.#budget = evaluator.budget;
  }

  /** The text of statements. */
  render(statements: readonly Statement[], scope: Scope): string {
    const output = new Output(this.#budget);
    this.#all(statements, scope, output);
    return output.text;
  }

  #all(statements: readonly Statement[], scope: Scope, output: Output): Jump {
    for (const statement of statements) {
      const jump = this.#one(statement, scope, output);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #one(node: Statement, scope: Scope, output: Output): Jump {
    this.#budget.step();
    this.#evaluator.line = node.line;
    switch (node.type) {
      case 'data':
        output.write(node.text);
        return;
      case 'print':
        for (const item of node.items) output.write(textOf(this.#value(item, scope), this.#budget));
        return;
      case 'if':
        return this.#all(isTrue(this.#value(node.test, scope)) ? node.body : node.otherwise, scope, output);
      case 'for':
        return this.#for(node, this.#value(node.items, scope), scope, output, 0);
      case 'set':
        this.#assign(node.target, this.#value(node.value, scope), scope);
        return;
      case 'set block': {
        const text = this.render(node.body, new Scope(scope));
        const value = node.filter === undefined ? text : this.#evaluator.evaluate(node.filter, scope, text);
        this.#assign(node.target, value, scope);
        return;
      }
      case 'with': {
        const values = node.values.map(([, expression]) => this.#value(expression, scope));
        const inner = new Scope(scope);
        for (const [at, [target]] of node.values.entries()) this.#assign(target, values[at]!, inner);
        return this.#all(node.body, inner, output);
      }
      case 'macro':
        scope.set(node.macro.name, this.#macro(node.macro, scope));
        return;
      case 'call block': {
        const { callee, given, line } = node.call;
        const caller = this.#macro(node.caller, scope);
        const keywords = [...given.keywords, ['caller', { type: 'constant', value: caller, line }] as const];
        const call: Expression = { type: 'call', callee, given: { ...given, keywords }, line };
        output.write(textOf(this.#value(call, scope), this.#budget));
        return;
      }
      case 'filter block': {
        const text = this.render(node.body, new Scope(scope));
        output.write(textOf(this.#evaluator.evaluate(node.filter, scope, text), this.#budget));
        return;
      }
      case 'generation':
        this.#all(node.body, new Scope(scope), output);
        return;
      case 'break':
      case 'continue':
        return node.type;
    }
  }

  #value(node: Expression, scope: Scope): Value {
    return this.#evaluator.evaluate(node, scope);
  }

  #for(node: ForStatement & { line: number }, items: Value, scope: Scope, output: Output, depth: number): Jump {
    const again = node.isRecursive
      ? (others: Value, level: number): string => {
          const inner = new Output(this.#budget);
          this.#for(node, others, scope, inner, level);
          return inner.text;
        }
      : undefined;
    const chosen = node.filter === undefined ? items : new OneShot(this.#filtered(node, items, scope));
    const loop = new Loop(chosen, this.#budget, again, depth);
    let isEmpty = true;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      isEmpty = false;
      const inner = new Scope(scope);
      inner.set('loop', loop);
      this.#assign(node.target, item, inner);
      if (this.#all(node.body, inner, output) === 'break') break;
    }
    return isEmpty ? this.#all(node.otherwise, new Scope(scope), output) : undefined;
  }

  *#filtered(node: ForStatement, items: Value, scope: Scope): Iterable<Value> {
    for (const item of iterate(items, this.#budget)) {
      const inner = new Scope(scope);
      this.#assign(node.target, item, inner);
      if (isTrue(this.#value(node.filter!, inner))) yield item;
    }
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === 'name') scope.set(target.name, value);
    else if (target.type === 'member') {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace))
        throw failed(`'${target.name}' is not a namespace: its members cannot be set`);
      namespace.members.set(target.member, value);
    } else {
      const values = listOf(value, this.#budget);
      if (values.length !== target.items.length)
        throw failed(`${values.length} values are assigned to ${target.items.length} names`);
      for (const [at, item] of target.items.entries()) this.#assign(item, values[at]!, scope);
    }
  }

  /** A macro sees the variables around its definition, as they are when it is called. */
  #macro({ name, parameters, body, reads }: MacroBody, outer: Scope): Callable {
    const call = (args: readonly Value[], keywords: ReadonlyMap<string, Value>): Value => {
      const scope = new Scope(outer);
      const rest = new Map(keywords);
      const given = parameters.map((parameter, at) => {
        const value = at < args.length ? args[at] : rest.get(parameter.name);
        if (at >= args.length) rest.delete(parameter.name);
        return value;
      });
      if (reads.has('caller') && !parameters.some((parameter) => parameter.name === 'caller')) {
        const caller = rest.get('caller');
        rest.delete('caller');
        scope.set('caller', caller === undefined ? new Undefined('the caller') : caller);
      }
      if (reads.has('kwargs')) scope.set('kwargs', new Dict(rest));
      else if (rest.size > 0) throw failed(`the macro '${name}' has no argument '${[...rest.keys()][0]}'`);
      if (reads.has('varargs')) scope.set('varargs', Tuple.make(args.slice(parameters.length)));
      else if (args.length > parameters.length)
        throw failed(`the macro '${name}' takes at most ${parameters.length} arguments, not ${args.length}`);
      for (const [at, { name: parameter, preset }] of parameters.entries()) {
        const value = given[at];
        if (value !== undefined) scope.set(parameter, value);
        else if (preset !== undefined) scope.set(parameter, this.#value(preset, scope));
        else scope.set(parameter, new Undefined(`the argument '${parameter}' of the macro '${name}'`));
      }
      return this.render(body, scope);
    };
    return new Callable(name, call, `<Macro '${name}'>`);
  }
}
