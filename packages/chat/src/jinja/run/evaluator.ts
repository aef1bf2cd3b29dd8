import type { CallArguments, ComparisonOperator, Expression } from '../syntax/nodes.ts';
import { percentFormat } from '../text/percent-format.ts';
import { arithmetic, signed } from '../values/arithmetic.ts';
import type { Budget } from '../values/budget.ts';
import { contains, isEqual, order } from '../values/compare.ts';
import { isTrue, iterate, sliceOf } from '../values/items.ts';
import { textOf } from '../values/print.ts';
import { failed, unsupported } from '../values/problem.ts';
import {
  Callable,
  Dict,
  Instance,
  type Keywords,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from '../values/values.ts';
import type { FilterContext } from './filter-context.ts';
import { applyFilter, isFilter } from './filters.ts';
import { itemOf, memberOf } from './members.ts';
import type { Scope } from './scope.ts';
import { applyTest, tests } from './tests.ts';

/** Names that are empty texts when the model lacks the token. */
const tokenName = /^(?:bos|eos|unk|sep|pad|cls|mask)_token$/;
const noKeywords: Keywords = new Map();

/** Evaluates expressions. */
export class Evaluator {
  readonly budget: Budget;
  /** Where the template is, for errors. */
  line = 1;
  readonly #globals: ReadonlyMap<string, Value>;
  readonly #context: FilterContext;

  constructor(budget: Budget, globals: ReadonlyMap<string, Value>) {
    this.budget = budget;
    this.#globals = globals;
    this.#context = {
      budget,
      filter: (name, value, args, keywords) => applyFilter(name, value, args, keywords, this.#context),
      test: (name, value, args) => this.#test(name, value, args),
    };
  }

  /** @param input what the filters of a block apply to. */
  evaluate(node: Expression, scope: Scope, input?: Value): Value {
    this.budget.step();
    this.line = node.line;
    switch (node.type) {
      case 'constant':
        return node.value;
      case 'name':
        return this.#name(node.name, scope);
      case 'list':
        return node.items.map((item) => this.evaluate(item, scope));
      case 'tuple':
        return Tuple.make(node.items.map((item) => this.evaluate(item, scope)));
      case 'dict':
        return new Dict(node.items.map(([key, value]) => [this.evaluate(key, scope), this.evaluate(value, scope)]));
      case 'member':
        return memberOf(this.evaluate(node.of, scope), node.name, this.budget);
      case 'item':
        return this.#item(node, scope);
      case 'slice':
        throw failed('a slice is inside a list of keys');
      case 'call':
        return this.#call(this.evaluate(node.callee, scope), this.given(node.given, scope), node.line);
      case 'filter': {
        const value = node.of === undefined ? input! : this.evaluate(node.of, scope, input);
        const [args, keywords] = this.given(node.given, scope);
        this.line = node.line;
        return applyFilter(node.name, value, args, keywords, this.#context);
      }
      case 'test': {
        const value = this.evaluate(node.of, scope);
        const [args, keywords] = this.given(node.given, scope);
        this.line = node.line;
        return this.#test(node.name, value, [...args, ...keywords.values()]);
      }
      case 'not':
        return !isTrue(this.evaluate(node.of, scope));
      case 'negative':
      case 'positive':
        return signed(node.type === 'negative' ? '-' : '+', this.evaluate(node.of, scope));
      case 'and': {
        const left = this.evaluate(node.left, scope);
        return isTrue(left) ? this.evaluate(node.right, scope) : left;
      }
      case 'or': {
        const left = this.evaluate(node.left, scope);
        return isTrue(left) ? left : this.evaluate(node.right, scope);
      }
      case 'arithmetic': {
        const left = this.evaluate(node.left, scope);
        const right = this.evaluate(node.right, scope);
        this.line = node.line;
        if (node.operator === '%' && typeof left === 'string') return percentFormat(left, right, this.budget);
        return arithmetic(node.operator, left, right, this.budget);
      }
      case 'concat':
        return this.#concat(node.items.map((item) => textOf(this.evaluate(item, scope), this.budget)));
      case 'compare':
        return this.#compare(node.first, node.rest, scope);
      case 'choice':
        if (isTrue(this.evaluate(node.test, scope))) return this.evaluate(node.value, scope);
        if (node.otherwise !== undefined) return this.evaluate(node.otherwise, scope);
        return new Undefined("an 'if' without 'else'");
    }
  }

  /** The arguments of a call. */
  given(node: CallArguments, scope: Scope): readonly [readonly Value[], Keywords] {
    const args = node.args.map((argument) => this.evaluate(argument, scope));
    if (node.rest !== undefined)
      for (const argument of iterate(this.evaluate(node.rest, scope), this.budget)) args.push(argument);
    if (node.keywords.length === 0 && node.restKeywords === undefined) return [args, noKeywords];
    const keywords = new Map<string, Value>();
    for (const [name, value] of node.keywords) {
      if (keywords.has(name)) throw failed(`the argument '${name}' is given twice`);
      keywords.set(name, this.evaluate(value, scope));
    }
    if (node.restKeywords !== undefined) {
      const rest = this.evaluate(node.restKeywords, scope);
      if (!(rest instanceof Dict)) throw failed(`'**' wants a mapping, not a ${typeName(rest)}`);
      this.budget.step(rest.size);
      for (const [name, value] of rest.entries()) {
        if (typeof name !== 'string' || keywords.has(name))
          throw failed("a name after '**' is not a text or is given twice");
        keywords.set(name, value);
      }
    }
    return [args, keywords];
  }

  #name(name: string, scope: Scope): Value {
    const value = scope.get(name);
    if (value !== undefined) return value;
    const shared = this.#globals.get(name);
    if (shared !== undefined) return shared;
    if (name === 'self') throw unsupported("the name 'self'");
    return new Undefined(`'${name}'`, tokenName.test(name));
  }

  #item(node: Expression & { type: 'item' }, scope: Scope): Value {
    const value = this.evaluate(node.of, scope);
    const { key } = node;
    if (key.type !== 'slice') {
      const at = this.evaluate(key, scope);
      this.line = node.line;
      return itemOf(value, at, this.budget);
    }
    const [start, stop, step] = [key.start, key.stop, key.step].map((part) =>
      part === undefined ? null : this.evaluate(part, scope),
    );
    this.line = node.line;
    if (value instanceof Undefined) value.fail();
    if (value instanceof SafeText) throw unsupported('a slice of a text marked as safe');
    const part = sliceOf(value, { start: start!, stop: stop!, step: step! }, this.budget);
    return part === undefined ? new Undefined(`a slice of a ${typeName(value)}`) : part;
  }

  #call(callee: Value, [args, keywords]: readonly [readonly Value[], Keywords], line: number): Value {
    this.line = line;
    if (callee instanceof Undefined) callee.fail();
    if (callee instanceof Callable) return this.budget.call(() => callee.call(args, keywords));
    if (callee instanceof Instance && callee.call !== undefined)
      return this.budget.call(() => callee.call!(args, keywords));
    throw failed(`a ${typeName(callee)} is called`);
  }

  #test(name: string, value: Value, args: readonly Value[]): boolean {
    if (name === 'filter' || name === 'test')
      return typeof value === 'string' && (name === 'filter' ? isFilter(value) : Object.hasOwn(tests, value));
    return applyTest(name, value, args, this.budget);
  }

  #concat(parts: readonly string[]): string {
    let text = '';
    let longest = 0;
    for (const part of parts) {
      // `+` copies nothing, so that a text may grow piece by piece.
      text += part;
      longest = Math.max(longest, part.length);
    }
    this.budget.text(text.length, text.length - longest);
    return text;
  }

  #compare(first: Expression, rest: readonly (readonly [ComparisonOperator, Expression])[], scope: Scope): boolean {
    let left = this.evaluate(first, scope);
    for (const [operator, expression] of rest) {
      const right = this.evaluate(expression, scope);
      if (!this.#holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  #holds(operator: ComparisonOperator, left: Value, right: Value): boolean {
    const { budget } = this;
    switch (operator) {
      case '==':
        return isEqual(left, right, budget);
      case '!=':
        return !isEqual(left, right, budget);
      case 'in':
        return contains(right, left, budget);
      case 'not in':
        return !contains(right, left, budget);
      case '<':
        return order(left, right, budget, operator) < 0;
      case '<=':
        return order(left, right, budget, operator) <= 0;
      case '>':
        return order(left, right, budget, operator) > 0;
      case '>=':
        return order(left, right, budget, operator) >= 0;
    }
  }
}
