import { ParameterError } from '@tokenwright/core';
import { checkString, readOptions } from '@tokenwright/core/options';
import type { Machine } from '../machine/machine.ts';
import { parseGbnf } from './gbnf-syntax.ts';
import { ruleMachine } from './rule-machine.ts';
import { checkRules } from './rules.ts';

export interface GbnfOptions {
  /** The rule of the whole text. Default 'root'. */
  readonly root?: string;
}

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
  const { rules, positions } = parseGbnf(grammar);
  if (!rules.has(root))
    throw new ParameterError('gbnf', 'root', `a rule of the grammar: ${[...rules.keys()].join(', ')}`, root);
  checkRules(grammar, rules, positions);
  return ruleMachine(rules, root);
}
