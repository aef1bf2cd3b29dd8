import { ParameterError } from '@tokenwright/core';
import { checkString, readOptions } from '@tokenwright/core/options';
import { GrammarSyntaxError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { isTerminal, parseLark } from './lark-syntax.ts';
import { ruleMachine } from './rule-machine.ts';
import { checkRules, namesOf, type Rule } from './rules.ts';

export interface LarkOptions {
  /** The rule of the whole text. Default 'start'. */
  readonly start?: string;
}

/** Names that no grammar can have. */
const between = ' between';
const whole = ' whole';

/**
 * The texts of a grammar in a subset of Lark's notation: rules, terminals, `|`, groups, `[...]`, `?`, `*`, `+`, `~n`, `~n..m`,
 * texts and regular expressions, with `i` to ignore case, ranges of characters, `%ignore`, `%import common.NAME`, and
 * `%json {...}` for a JSON Schema inside a rule. A rule may refer to itself at the beginning of its alternatives.
 *
 * What only shapes Lark's tree means nothing here: `?rule`, `!rule`, `_rule`, aliases. Priorities neither: no lexer divides the
 * text first, so every reading counts, as with Lark's dynamic_complete lexer. Regular expressions are in JavaScript's syntax.
 *
 * @throws GrammarSyntaxError with line and column of what cannot be used: templates, `%declare`, `%extend`, `%override`, imports
 *   from elsewhere, terminals that refer to themselves, left recursion over several rules.
 * @see https://lark-parser.readthedocs.io/en/stable/grammar.html
 * @example
 * ```ts
 * const sums = lark(`
 *   start: start "+" product | product
 *   product: product "*" NUMBER | NUMBER
 *   %import common.NUMBER
 *   %ignore " "
 * `);
 * ```
 */
export function lark(grammar: string, options: LarkOptions = {}): Machine {
  const { start = 'start' } = readOptions('lark', options, ['start']);
  checkString('lark', 'start', start);
  if (typeof grammar !== 'string') throw new ParameterError('lark', 'grammar', 'a grammar as a text', grammar);
  const { rules, positions, ignored } = parseLark(grammar);
  if (!rules.has(start))
    throw new ParameterError('lark', 'start', `a rule of the grammar: ${[...rules.keys()].join(', ')}`, start);
  refuseRecursiveTerminals(grammar, rules, positions);
  const ready = new Map<string, Rule>();
  const gap: Rule = { kind: 'repeat', part: { kind: 'choice', parts: ignored }, min: 0, max: Number.POSITIVE_INFINITY };
  const gapName: Rule = { kind: 'name', name: between, position: 0 };
  const spaced = (rule: Rule): Rule => (ignored.length === 0 ? rule : withGaps(rule, gapName));
  for (const [name, rule] of rules) ready.set(name, isTerminal(name) ? rule : withoutLeftRecursion(name, spaced(rule)));
  const root: Rule = { kind: 'name', name: start, position: positions.get(start)! };
  if (ignored.length === 0) ready.set(whole, root);
  else {
    ready.set(between, gap);
    ready.set(whole, { kind: 'sequence', parts: [gapName, isTerminal(start) ? withGaps(root, gapName) : root] });
  }
  checkRules(grammar, ready, positions);
  return ruleMachine(ready, whole);
}

/** The rule with what is ignored after each piece of text. */
function withGaps(rule: Rule, gap: Rule): Rule {
  switch (rule.kind) {
    case 'sequence':
    case 'choice':
      return { ...rule, parts: rule.parts.map((part) => withGaps(part, gap)) };
    case 'repeat':
      return { ...rule, part: withGaps(rule.part, gap) };
    case 'name':
      return isTerminal(rule.name) ? { kind: 'sequence', parts: [rule, gap] } : rule;
    default:
      return { kind: 'sequence', parts: [rule, gap] };
  }
}

/** `name: name a | name b | c` as `name: c (a | b)*`, which has the same texts. */
function withoutLeftRecursion(name: string, rule: Rule): Rule {
  const alternatives = rule.kind === 'choice' ? rule.parts : [rule];
  const isSelf = (part: Rule | undefined): boolean => part?.kind === 'name' && part.name === name;
  const rests: Rule[] = [];
  const others: Rule[] = [];
  for (const one of alternatives) {
    // An alternative that is the rule itself adds no text.
    if (isSelf(one)) continue;
    if (one.kind === 'sequence' && isSelf(one.parts[0])) rests.push({ kind: 'sequence', parts: one.parts.slice(1) });
    else others.push(one);
  }
  // Without another alternative the rule has no text, which the check of the rules says.
  if (others.length === 0 || (rests.length === 0 && others.length === alternatives.length)) return rule;
  const first: Rule = { kind: 'choice', parts: others };
  if (rests.length === 0) return first;
  const more: Rule = { kind: 'repeat', part: { kind: 'choice', parts: rests }, min: 0, max: Number.POSITIVE_INFINITY };
  return { kind: 'sequence', parts: [first, more] };
}

function refuseRecursiveTerminals(
  grammar: string,
  rules: ReadonlyMap<string, Rule>,
  positions: ReadonlyMap<string, number>,
): void {
  for (const [name, rule] of rules) {
    if (!isTerminal(name)) continue;
    const reached = new Set(namesOf(rule));
    for (const other of reached) {
      if (!isTerminal(other))
        throw new GrammarSyntaxError(
          grammar,
          positions.get(name)!,
          `the terminal '${name}', which uses the rule '${other}',`,
        );
      for (const next of rules.has(other) ? namesOf(rules.get(other)!) : []) reached.add(next);
    }
    if (reached.has(name))
      throw new GrammarSyntaxError(grammar, positions.get(name)!, `the terminal '${name}', which refers to itself,`);
  }
}
