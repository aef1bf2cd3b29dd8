import type { JsonObject } from '../../sources/json.ts';
import { Pattern } from '../patterns/pattern.ts';
import { PatternError } from '../patterns/syntax.ts';

/** Where matches of a pattern begin and end in a text, one after the other. */
export type Matches = (text: string) => number[];

/** A part of tokenizer.json that is well-formed, but cannot be used; the caller names the file and the field. */
export class PartError extends Error {
  override name = 'PartError';
  readonly field: string;

  constructor(field: string, problem: string) {
    super(problem);
    this.field = field;
  }
}

/** The pattern of a part: `{ "String": … }` or `{ "Regex": … }`. */
export function patternOf(part: JsonObject): Matches {
  const given = part.pattern as { Regex?: string; String?: string };
  if (given.String !== undefined) return literalMatches(given.String);
  try {
    const pattern = new Pattern(given.Regex!);
    return (text) => pattern.matches(text);
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    throw new PartError('pattern', `the pattern '${given.Regex!.slice(0, 200)}' has ${cause.message}`);
  }
}

function literalMatches(literal: string): Matches {
  return (text) => {
    const found: number[] = [];
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length))
      found.push(at, at + literal.length);
    return found;
  };
}

/** A text with its matches replaced. */
export function replaced(text: string, matches: Matches, content: string): string {
  if (text === '') return text;
  const found = matches(text);
  if (found.length === 0) return text;
  let result = '';
  let last = 0;
  for (let i = 0; i < found.length; i += 2) {
    result += text.slice(last, found[i]) + content;
    last = found[i + 1]!;
  }
  return result + text.slice(last);
}
