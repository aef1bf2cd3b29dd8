import { GrammarLimitError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import { codePoints, utf8 } from '../expressions/utf8.ts';
import { type Continuation, Machine, nowhere, type Outcome, together } from '../machine/machine.ts';
import { namesOf, partsOf, type Rule } from './rules.ts';

/** Stacks deeper than this are refused while the next part is looked for. */
const depthLimit = 2000;

/** The texts of the rule `root`. The rules are checked already. */
export function ruleMachine(rules: ReadonlyMap<string, Rule>, root: string): Machine {
  return new Machine((machine) => {
    const reader = new RuleReader(machine, rules);
    return (then) => reader.start({ kind: 'name', name: root, position: 0 }, then, root, 0);
  });
}

/** Reads rules. What is regular becomes one expression; rules that reach themselves are kept on the stack. */
class RuleReader {
  readonly #machine: Machine;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #recursive: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #ids: Map<Rule, number> = new Map();
  readonly #expressions: Map<Rule, Expression> = new Map();
  readonly #regular: Map<Rule, boolean> = new Map();
  readonly #starting: Set<string> = new Set();
  readonly #machines: Map<Machine, (then: Continuation) => Outcome> = new Map();

  constructor(machine: Machine, rules: ReadonlyMap<string, Rule>) {
    this.#machine = machine;
    this.#rules = rules;
    this.#prefix = machine.prefix();
    const names = new Map(Array.from(rules, ([name, rule]) => [name, namesOf(rule)]));
    const recursive = new Set<string>();
    for (const name of rules.keys()) {
      const reached = new Set(names.get(name));
      for (const other of reached) for (const next of names.get(other)!) reached.add(next);
      if (reached.has(name)) recursive.add(name);
    }
    this.#recursive = recursive;
    const visit = (rule: Rule): void => {
      if (rule.kind === 'machine') this.#inner(rule.machine);
      else partsOf(rule).forEach(visit);
    };
    for (const rule of rules.values()) visit(rule);
  }

  start(rule: Rule, then: Continuation, name: string, depth: number): Outcome {
    if (depth > depthLimit) throw new GrammarLimitError('rules inside each other', depthLimit);
    if (this.#isRegular(rule)) return this.#machine.begin(this.#parted(rule), then);
    switch (rule.kind) {
      case 'name':
        return this.start(this.#rules.get(rule.name)!, then, rule.name, depth + 1);
      case 'choice':
        return together(rule.parts.map((part) => this.start(part, then, name, depth + 1)));
      case 'sequence':
        return this.#sequence(rule.parts, rule, 0, then, name, depth);
      case 'repeat':
        return this.#repeat(rule, 0, then, name, depth);
      case 'machine':
        return this.#inner(rule.machine)(then);
      default:
        return nowhere;
    }
  }

  #sequence(parts: readonly Rule[], rule: Rule, at: number, then: Continuation, name: string, depth: number): Outcome {
    if (at === parts.length) return then.resume(0, '');
    if (at === parts.length - 1) return this.start(parts[at]!, then, name, depth + 1);
    const after = this.#machine.continuation(`${this.#prefix}s${this.#id(rule)},${at},${then.id}`, (id) => ({
      id,
      pointer: name,
      captures: false,
      resume: () => this.#sequence(parts, rule, at + 1, then, name, depth + 1),
    }));
    return this.start(parts[at]!, after, name, depth + 1);
  }

  #repeat(rule: Rule & { kind: 'repeat' }, count: number, then: Continuation, name: string, depth: number): Outcome {
    const capped = Math.min(count, rule.max === Number.POSITIVE_INFINITY ? rule.min : rule.max);
    const key = `${this.#prefix}r${this.#id(rule)},${capped},${then.id}`;
    // A part that matched the empty text would be repeated without end.
    if (this.#starting.has(key)) return nowhere;
    this.#starting.add(key);
    try {
      const outcomes: Outcome[] = [];
      if (count >= rule.min) outcomes.push(then.resume(0, ''));
      if (count < rule.max) {
        const after = this.#machine.continuation(key, (id) => ({
          id,
          pointer: name,
          captures: false,
          resume: () => this.#repeat(rule, capped + 1, then, name, depth + 1),
        }));
        outcomes.push(this.start(rule.part, after, name, depth + 1));
      }
      return together(outcomes);
    } finally {
      this.#starting.delete(key);
    }
  }

  /** What starts a text of another grammar, as a part of this one. */
  #inner(inner: Machine): (then: Continuation) => Outcome {
    let start = this.#machines.get(inner);
    if (start === undefined) {
      start = inner.source(this.#machine);
      this.#machines.set(inner, start);
    }
    return start;
  }

  #id(rule: Rule): number {
    let id = this.#ids.get(rule);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(rule, id);
    }
    return id;
  }

  #isRegular(rule: Rule): boolean {
    let regular = this.#regular.get(rule);
    if (regular === undefined) {
      regular =
        rule.kind === 'name'
          ? !this.#recursive.has(rule.name) && this.#isRegular(this.#rules.get(rule.name)!)
          : rule.kind !== 'machine' && partsOf(rule).every((part) => this.#isRegular(part));
      this.#regular.set(rule, regular);
    }
    return regular;
  }

  #parted(rule: Rule): Expression {
    const { make } = this.#machine;
    return make.concat(this.#expression(rule), make.tag(0));
  }

  #expression(rule: Rule): Expression {
    let expression = this.#expressions.get(rule);
    if (expression === undefined) {
      expression = this.#compute(rule);
      this.#expressions.set(rule, expression);
    }
    return expression;
  }

  #compute(rule: Rule): Expression {
    const { make } = this.#machine;
    switch (rule.kind) {
      case 'text':
        return make.literal(utf8(rule.text));
      case 'set':
        return codePoints(make, rule.set);
      case 'pattern':
        return rule.language({ make, char: (set) => codePoints(make, set) });
      case 'machine':
        return make.none;
      case 'name':
        return this.#expression(this.#rules.get(rule.name)!);
      case 'sequence':
        return make.concat(...rule.parts.map((part) => this.#expression(part)));
      case 'choice':
        return make.or(rule.parts.map((part) => this.#expression(part)));
      case 'repeat':
        return make.repeat(this.#expression(rule.part), rule.min, rule.max);
    }
  }
}
