import { byteSet, type Expression } from './expression.ts';
import type { Expressions } from './expressions.ts';

export const lastCodePoint = 0x10ffff;

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Sorted, disjoint ranges of code points: from, to, from, to ... (inclusive). */
export type CodePoints = readonly number[];

/** Sorted ranges, with adjacent ones joined. */
export function ordered(ranges: readonly number[]): CodePoints {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [from, to] of pairs) {
    const last = result.length - 1;
    if (last > 0 && from <= result[last]! + 1) result[last] = Math.max(result[last]!, to);
    else result.push(from, to);
  }
  return result;
}

export function complement(set: CodePoints): CodePoints {
  const result: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) result.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= lastCodePoint) result.push(next, lastCodePoint);
  return result;
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return complement(ordered([...complement(a), ...complement(b)]));
}

export function contains(set: CodePoints, point: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (point >= set[i]! && point <= set[i + 1]!) return true;
  return false;
}

/** One code point of the set, in UTF-8. Surrogates have no UTF-8 and are left out. */
export function codePoints(make: Expressions, set: CodePoints): Expression {
  const alternatives: Expression[] = [];
  for (let i = 0; i < set.length; i += 2) {
    for (const [from, to] of withoutSurrogates(set[i]!, set[i + 1]!)) {
      for (const [low, high] of byLength(from, to)) alternatives.push(range(make, [...bytes(low)], [...bytes(high)]));
    }
  }
  return make.or(alternatives);
}

function bytes(point: number): Uint8Array {
  return utf8(String.fromCodePoint(point));
}

function withoutSurrogates(from: number, to: number): [number, number][] {
  const parts: [number, number][] = [];
  if (from < 0xd800) parts.push([from, Math.min(to, 0xd7ff)]);
  if (to > 0xdfff) parts.push([Math.max(from, 0xe000), to]);
  return parts;
}

/** Parts in which all code points have UTF-8 of one length. */
function byLength(from: number, to: number): [number, number][] {
  const parts: [number, number][] = [];
  let low = from;
  for (const limit of [0x7f, 0x7ff, 0xffff, lastCodePoint]) {
    if (low > limit || low > to) continue;
    parts.push([low, Math.min(to, limit)]);
    low = limit + 1;
  }
  return parts;
}

/** The byte sequences between two of the same length, where every later byte has the full range 0x80 to 0xbf. */
function range(make: Expressions, low: readonly number[], high: readonly number[]): Expression {
  const [a, b] = [low[0]!, high[0]!];
  if (low.length === 1) return make.bytes(byteSet([a, b]));
  const full = (length: number): Expression =>
    make.concat(...Array.from({ length }, () => make.bytes(byteSet([0x80, 0xbf]))));
  const rest = low.length - 1;
  const lowest = low.slice(1).map(() => 0x80);
  const highest = low.slice(1).map(() => 0xbf);
  const one = (byte: number, from: readonly number[], to: readonly number[]): Expression =>
    make.concat(make.bytes(byteSet([byte, byte])), range(make, from, to));
  if (a === b) return one(a, low.slice(1), high.slice(1));
  const parts: Expression[] = [];
  let first = a;
  let last = b;
  if (low.slice(1).some((byte) => byte !== 0x80)) {
    parts.push(one(a, low.slice(1), highest));
    first++;
  }
  if (high.slice(1).some((byte) => byte !== 0xbf)) {
    parts.push(one(b, lowest, high.slice(1)));
    last--;
  }
  if (first <= last) parts.push(make.concat(make.bytes(byteSet([first, last])), full(rest)));
  return make.or(parts);
}
