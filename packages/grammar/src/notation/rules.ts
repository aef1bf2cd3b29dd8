import { GrammarSyntaxError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { CodePoints } from '../expressions/utf8.ts';
import type { Machine } from '../machine/machine.ts';
import type { Spelling } from '../patterns/language.ts';

/** What a rule of a grammar says. */
export type Rule =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'set'; readonly set: CodePoints }
  /** A regular expression. */
  | { readonly kind: 'pattern'; readonly nullable: boolean; language(spelling: Spelling): Expression }
  /** A text of another grammar. */
  | { readonly kind: 'machine'; readonly machine: Machine }
  | { readonly kind: 'name'; readonly name: string; readonly position: number }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Rule[] }
  | { readonly kind: 'repeat'; readonly part: Rule; readonly min: number; readonly max: number };

/** Groups inside groups, at most. */
export const groupLimit = 200;

/**
 * Check that every name has a rule, that every rule matches some text, and that none reaches itself before any character.
 *
 * @param positions where each rule is in the grammar, by name.
 * @throws GrammarSyntaxError
 */
export function checkRules(
  grammar: string,
  rules: ReadonlyMap<string, Rule>,
  positions: ReadonlyMap<string, number>,
): void {
  const fail = (name: string, problem: string): never => {
    throw new GrammarSyntaxError(grammar, positions.get(name) ?? 0, problem);
  };
  const visit = (rule: Rule): void => {
    if (rule.kind === 'name' && !rules.has(rule.name))
      throw new GrammarSyntaxError(grammar, rule.position, `the unknown rule '${rule.name}'`);
    for (const part of partsOf(rule)) visit(part);
  };
  for (const rule of rules.values()) visit(rule);
  const nullable = leastFixedPoint(rules, (rule, known) => canBeEmpty(rule, known));
  const finite = leastFixedPoint(rules, (rule, known) => canEnd(rule, known));
  for (const name of rules.keys())
    if (!finite.has(name)) fail(name, `the rule '${name}', which matches no text because it always needs itself,`);
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
      fail(name, `the rule '${name}', which refers to itself at its own beginning (left recursion),`);
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

export function partsOf(rule: Rule): readonly Rule[] {
  if (rule.kind === 'sequence' || rule.kind === 'choice') return rule.parts;
  return rule.kind === 'repeat' ? [rule.part] : [];
}

function canBeEmpty(rule: Rule, known: ReadonlySet<string>): boolean {
  switch (rule.kind) {
    case 'text':
      return rule.text === '';
    case 'set':
      return false;
    case 'pattern':
      return rule.nullable;
    case 'machine':
      return rule.machine.accepting(rule.machine.initial);
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
    case 'pattern':
    case 'machine':
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

export function namesOf(rule: Rule): string[] {
  return rule.kind === 'name' ? [rule.name] : partsOf(rule).flatMap(namesOf);
}
