import { ParameterError } from '@tokenwright/core';
import { checkString, readOptions } from '@tokenwright/core/options';
import { GrammarError, GrammarLimitError, GrammarSyntaxError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import { codePoints, utf8 } from '../expressions/utf8.ts';
import { type Continuation, Machine, nowhere, type Outcome, together } from '../machine/machine.ts';
import { parseGbnf, type Rule } from './gbnf-syntax.ts';

export interface GbnfOptions {
  /** The rule of the whole text. Default 'root'. */
  readonly root?: string;
}

/** Stacks deeper than this are refused while the next part is looked for. */
const depthLimit = 2000;

/**
 * The texts of a grammar in llama.cpp's notation: `name ::= "text" | [a-z]+ ( other ){1,3} # comment`. Rules may refer to
 * each other, but not to themselves at their own beginning.
 *
 * @throws GrammarSyntaxError with the place of what cannot be used.
 * @example
 * ```ts
 * const list = gbnf('root ::= "- " item ("\\n- " item)*\nitem ::= [a-z ]+');
 * ```
 */
export function gbnf(grammar: string, options: GbnfOptions = {}): Machine {
  const { root = 'root' } = readOptions('gbnf', options, ['root']);
  checkString('gbnf', 'root', root);
  if (typeof grammar !== 'string') throw new ParameterError('gbnf', 'grammar', 'a grammar as a text', grammar);
  const rules = parseGbnf(grammar);
  if (!rules.has(root))
    throw new ParameterError('gbnf', 'root', `a rule of the grammar: ${[...rules.keys()].join(', ')}`, root);
  checkRules(grammar, rules);
  return new Machine((machine) => {
    const reader = new GrammarReader(machine, rules);
    return (then) => reader.start({ kind: 'name', name: root, position: 0 }, then, root, 0);
  });
}

function checkRules(grammar: string, rules: ReadonlyMap<string, Rule>): void {
  const visit = (rule: Rule): void => {
    if (rule.kind === 'name' && !rules.has(rule.name))
      throw new GrammarSyntaxError(grammar, rule.position, `the unknown rule '${rule.name}'`);
    for (const part of partsOf(rule)) visit(part);
  };
  for (const rule of rules.values()) visit(rule);
  const nullable = leastFixedPoint(rules, (rule, known) => canBeEmpty(rule, known));
  const finite = leastFixedPoint(rules, (rule, known) => canEnd(rule, known));
  for (const name of rules.keys())
    if (!finite.has(name)) throw new GrammarError(`The rule '${name}' matches no text: it always needs itself.`);
  // A rule that reaches itself before any character would be read without end.
  const first = (rule: Rule): string[] => {
    if (rule.kind === 'name') return [rule.name];
    if (rule.kind === 'choice') return rule.parts.flatMap(first);
    if (rule.kind === 'repeat') return first(rule.part);
    if (rule.kind !== 'sequence') return [];
    const names: string[] = [];
    for (const part of rule.parts) {
      names.push(...first(part));
      if (!canBeEmpty(part, nullable)) break;
    }
    return names;
  };
  const firsts = new Map(Array.from(rules, ([name, rule]) => [name, first(rule)]));
  for (const name of rules.keys()) {
    const reached = new Set(firsts.get(name));
    for (const other of reached) for (const next of firsts.get(other)!) reached.add(next);
    if (reached.has(name))
      throw new GrammarError(
        `The rule '${name}' refers to itself at its own beginning (left recursion), which is not supported.`,
      );
  }
}

function leastFixedPoint(
  rules: ReadonlyMap<string, Rule>,
  holds: (rule: Rule, known: ReadonlySet<string>) => boolean,
): ReadonlySet<string> {
  const known = new Set<string>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, rule] of rules)
      if (!known.has(name) && holds(rule, known)) {
        known.add(name);
        changed = true;
      }
  }
  return known;
}

function partsOf(rule: Rule): readonly Rule[] {
  if (rule.kind === 'sequence' || rule.kind === 'choice') return rule.parts;
  return rule.kind === 'repeat' ? [rule.part] : [];
}

function canBeEmpty(rule: Rule, known: ReadonlySet<string>): boolean {
  switch (rule.kind) {
    case 'text':
      return rule.text === '';
    case 'set':
      return false;
    case 'name':
      return known.has(rule.name);
    case 'sequence':
      return rule.parts.every((part) => canBeEmpty(part, known));
    case 'choice':
      return rule.parts.some((part) => canBeEmpty(part, known));
    case 'repeat':
      return rule.min === 0 || canBeEmpty(rule.part, known);
  }
}

/** True when some text matches, given the rules that some text matches. */
function canEnd(rule: Rule, known: ReadonlySet<string>): boolean {
  switch (rule.kind) {
    case 'text':
      return true;
    case 'set':
      return rule.set.length > 0;
    case 'name':
      return known.has(rule.name);
    case 'sequence':
      return rule.parts.every((part) => canEnd(part, known));
    case 'choice':
      return rule.parts.some((part) => canEnd(part, known));
    case 'repeat':
      return rule.min === 0 || canEnd(rule.part, known);
  }
}

/** Reads rules. What is regular becomes one expression; rules that reach themselves are kept on the stack. */
class GrammarReader {
  readonly #machine: Machine;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #recursive: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #ids: Map<Rule, number> = new Map();
  readonly #expressions: Map<Rule, Expression> = new Map();
  readonly #regular: Map<Rule, boolean> = new Map();
  readonly #starting: Set<string> = new Set();

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
          : partsOf(rule).every((part) => this.#isRegular(part));
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

function namesOf(rule: Rule): string[] {
  return rule.kind === 'name' ? [rule.name] : partsOf(rule).flatMap(namesOf);
}
