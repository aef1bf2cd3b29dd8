import { GrammarLimitError, GrammarSyntaxError } from '../errors.ts';
import type { Expression } from '../expressions/expression.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { CodePoints } from '../expressions/utf8.ts';
import type { Pattern } from './syntax.ts';
import { parsePattern } from './syntax.ts';

/** How often a part with an assertion inside may be repeated. */
const unrollLimit = 16;

/** Longest pattern. A longer one would have more states than are searched. */
const longestPattern = 20_000;

/** How characters are written. */
export interface Spelling {
  readonly make: Expressions;
  /** One character of the set. */
  char(set: CodePoints): Expression;
}

/**
 * The texts in which the pattern matches: the whole text when `whole`, otherwise any part of it, as `RegExp.test`.
 *
 * @param fold see `parsePattern`.
 * @throws GrammarSyntaxError for what cannot be used; GrammarLimitError for a pattern that is too long or nested too deeply.
 */
export function patternLanguage(
  text: string,
  spelling: Spelling,
  whole: boolean,
  fold?: (set: CodePoints) => CodePoints,
): Expression {
  if (text.length > longestPattern) throw new GrammarLimitError('characters in a pattern', longestPattern);
  try {
    return languageOf(parsePattern(text, fold), text, spelling, whole);
  } catch (error) {
    if (error instanceof RangeError) throw new GrammarLimitError('groups inside each other', longestPattern);
    throw error;
  }
}

function languageOf(pattern: Pattern, text: string, { make, char }: Spelling, whole: boolean): Expression {
  const any = make.repeat(char([0, 0x10ffff]), 0, Infinity);
  const plain = (of: Pattern): Expression => {
    switch (of.kind) {
      case 'set':
        return char(of.set);
      case 'sequence':
        return make.concat(...of.parts.map(plain));
      case 'choice':
        return make.or(of.parts.map(plain));
      case 'repeat':
        return make.repeat(plain(of.part), of.min, of.max);
      default:
        return make.none;
    }
  };
  const fail = (problem: string): never => {
    throw new GrammarSyntaxError(text, 0, `${problem}, which is not supported,`);
  };
  /** `of` and then `rest`, which reaches to the end of the text. `first`: nothing is before `of`. */
  const followed = (of: Pattern, rest: Expression, first: boolean): Expression => {
    if (!hasAssertion(of)) return make.concat(plain(of), rest);
    switch (of.kind) {
      case 'start':
        return first ? rest : make.none;
      case 'end':
        return rest.nullable ? make.empty : make.none;
      case 'look': {
        const ahead = followed(of.part, any, first);
        return make.and([of.negative ? make.not(ahead) : ahead, rest]);
      }
      case 'choice':
        return make.or(of.parts.map((part) => followed(part, rest, first)));
      case 'repeat': {
        if (of.max > unrollLimit) return fail('an assertion inside a repetition');
        let result = rest;
        for (let count = of.max; count > 0; count--) {
          const once = followed(of.part, result, first && count === 1);
          result = count > of.min ? make.or([rest, once]) : once;
        }
        return result;
      }
      case 'sequence': {
        // What is before each part: nothing, or something, or either.
        let before = first;
        let either = false;
        const states = of.parts.map((part) => {
          const state = { before, either };
          if (before && consumes(part)) {
            before = false;
            either = canBeEmpty(part);
          }
          return state;
        });
        let result = rest;
        for (let i = of.parts.length - 1; i >= 0; i--) {
          if (states[i]!.either && hasStart(of.parts[i]!)) fail("'^' after something that may be empty");
          result = followed(of.parts[i]!, result, states[i]!.before);
        }
        return result;
      }
      default:
        return make.none;
    }
  };
  if (whole) return followed(pattern, make.empty, true);
  const some = make.concat(char([0, 0x10ffff]), any);
  return make.or([
    followed(pattern, any, true),
    withoutAnchor(pattern) ? make.concat(some, followed(pattern, any, false)) : make.none,
  ]);
}

/** False when the pattern can only match at the start. */
function withoutAnchor(of: Pattern): boolean {
  if (of.kind === 'start') return false;
  if (of.kind === 'sequence') return of.parts.length === 0 || withoutAnchor(of.parts[0]!);
  if (of.kind === 'choice') return of.parts.some(withoutAnchor);
  return true;
}

function hasAssertion(of: Pattern): boolean {
  if (of.kind === 'sequence' || of.kind === 'choice') return of.parts.some(hasAssertion);
  if (of.kind === 'repeat') return hasAssertion(of.part);
  return of.kind !== 'set';
}

function hasStart(of: Pattern): boolean {
  if (of.kind === 'sequence' || of.kind === 'choice') return of.parts.some(hasStart);
  if (of.kind === 'repeat' || of.kind === 'look') return hasStart(of.part);
  return of.kind === 'start';
}

/** True when a part can take characters. */
function consumes(of: Pattern): boolean {
  if (of.kind === 'sequence' || of.kind === 'choice') return of.parts.some(consumes);
  if (of.kind === 'repeat') return of.max > 0 && consumes(of.part);
  return of.kind === 'set';
}

function canBeEmpty(of: Pattern): boolean {
  if (of.kind === 'sequence') return of.parts.every(canBeEmpty);
  if (of.kind === 'choice') return of.parts.some(canBeEmpty);
  if (of.kind === 'repeat') return of.min === 0 || canBeEmpty(of.part);
  return of.kind !== 'set';
}
