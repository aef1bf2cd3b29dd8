/** Python counts code points where JavaScript counts UTF-16 units. */

const surrogate = /[\ud800-\udfff]/;

/** True when the two counts differ. */
function hasPairs(text: string): boolean {
  return surrogate.test(text);
}

export function lengthOf(text: string): number {
  if (!hasPairs(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The characters, if they need a list of their own; otherwise the text itself, which has the same indices. */
export function characters(text: string): string | readonly string[] {
  return hasPairs(text) ? Array.from(text) : text;
}

/** The part between two positions in code points. */
export function slice(text: string, start: number, end?: number): string {
  const all = characters(text);
  return typeof all === 'string' ? all.slice(start, end) : all.slice(start, end).join('');
}

/** A position in UTF-16 units as one in code points. */
export function positionOf(text: string, unit: number): number {
  return unit < 0 ? unit : lengthOf(text.slice(0, unit));
}

/** Below, at or above zero, by code point. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!hasPairs(a) && !hasPairs(b)) return a < b ? -1 : 1;
  const left = Array.from(a);
  const right = Array.from(b);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** What Python takes for whitespace, as a part of a regular expression: not the same as in JavaScript. */
export const oneSpace = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
export const spaces: RegExp = new RegExp(`${oneSpace}+`, 'g');
export const onlySpaces: RegExp = new RegExp(`^${oneSpace}+$`);
const space = new RegExp(oneSpace);

/**
 * Without characters of the set at the start, the end, or both.
 *
 * @param set undefined for whitespace.
 */
export function strip(text: string, set: string | undefined, ends: 'both' | 'start' | 'end'): string {
  const members = set === undefined ? undefined : new Set(set);
  const isIn = (character: string): boolean => (members === undefined ? space.test(character) : members.has(character));
  const all = characters(text);
  let start = 0;
  let end = all.length;
  if (ends !== 'end') while (start < end && isIn(all[start]!)) start++;
  if (ends !== 'start') while (end > start && isIn(all[end - 1]!)) end--;
  return typeof all === 'string' ? all.slice(start, end) : all.slice(start, end).join('');
}
