import { Dict, type Value } from '../values/values.ts';

/** Objects inside objects. */
const deepest = 100;
const space = /[ \t\n\r]*/y;
const number = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const string = /"(?:[^"\\]|\\["\\/bfnrtu])*"/y;

class Stop extends Error {}

/**
 * JSON text as a value. Integers keep every digit, and 1.0 stays a float, which `JSON.parse` cannot do.
 *
 * @returns undefined when the text is not JSON.
 */
export function readJson(text: string): Value | undefined {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const isNext = (character: string): boolean => {
    take(space);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const expect = (character: string): void => {
    if (!isNext(character)) throw new Stop();
  };
  const key = (): string => {
    take(space);
    const [quoted] = take(string) ?? [];
    if (quoted === undefined) throw new Stop();
    return JSON.parse(quoted) as string;
  };
  const value = (depth: number): Value => {
    if (depth > deepest) throw new Stop();
    take(space);
    if (text[at] === '"') return key();
    if (isNext('[')) {
      const items: Value[] = [];
      if (isNext(']')) return items;
      do items.push(value(depth + 1));
      while (isNext(','));
      expect(']');
      return items;
    }
    if (isNext('{')) {
      const entries: [Value, Value][] = [];
      if (isNext('}')) return new Dict();
      do {
        const name = key();
        expect(':');
        entries.push([name, value(depth + 1)]);
      } while (isNext(','));
      expect('}');
      return new Dict(entries);
    }
    const digits = take(number);
    if (digits !== null) {
      const [all, whole, fraction, exponent] = digits;
      return fraction === undefined && exponent === undefined ? BigInt(whole!) : Number(all);
    }
    const known = take(word)?.[0];
    if (known === undefined) throw new Stop();
    return known === 'null' ? null : known === 'true';
  };
  try {
    const result = value(0);
    take(space);
    return at === text.length ? result : undefined;
  } catch (error) {
    // A broken escape in a text is a SyntaxError.
    if (error instanceof Stop || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
