import { compare, type Decimal, negative, split } from './decimal.ts';
import { type ByteMachine, byteSet, type Expression } from './expression.ts';
import type { Expressions } from './expressions.ts';
import { utf8 } from './utf8.ts';

/** A bound of a range. */
export interface Bound {
  readonly value: Decimal;
  /** True when the bound itself is outside. */
  readonly exclusive: boolean;
}

/** A set of numbers. All that is given must hold. */
export interface NumberSet {
  readonly low?: Bound;
  readonly high?: Bound;
  /** True: only integers. False: only numbers that are none. */
  readonly integer?: boolean;
  /** The number is a multiple of each. All are positive. */
  readonly multiples: readonly Decimal[];
}

export const allNumbers: NumberSet = { multiples: [] };

const zero: Decimal = { digits: 0n, scale: 0 };

/** The numbers of both sets; undefined when that is none. */
export function intersectNumbers(a: NumberSet, b: NumberSet): NumberSet | undefined {
  if (a.integer !== undefined && b.integer !== undefined && a.integer !== b.integer) return undefined;
  const low = stricter(a.low, b.low, 1);
  const high = stricter(a.high, b.high, -1);
  if (low !== undefined && high !== undefined) {
    const order = compare(low.value, high.value);
    if (order > 0 || (order === 0 && (low.exclusive || high.exclusive))) return undefined;
  }
  const multiples = [...a.multiples];
  for (const one of b.multiples) if (!multiples.some((other) => compare(one, other) === 0)) multiples.push(one);
  const integer = a.integer ?? b.integer;
  return {
    multiples,
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    ...(integer === undefined ? {} : { integer }),
  };
}

function stricter(a: Bound | undefined, b: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = compare(a.value, b.value) * sign;
  if (order === 0) return a.exclusive ? a : b;
  return order > 0 ? a : b;
}

/** The numbers that are not in the set; undefined when that cannot be said. */
export function complementNumbers(of: NumberSet): readonly NumberSet[] | undefined {
  if (of.multiples.length > 0) return undefined;
  const parts: NumberSet[] = [];
  if (of.low !== undefined) parts.push({ multiples: [], high: { value: of.low.value, exclusive: !of.low.exclusive } });
  if (of.high !== undefined)
    parts.push({ multiples: [], low: { value: of.high.value, exclusive: !of.high.exclusive } });
  if (of.integer !== undefined) parts.push({ multiples: [], integer: !of.integer });
  return parts;
}

const digit = byteSet([0x30, 0x39]);

/** The text of the numbers of a set, as an expression. Exponents are used only where nothing bounds the number. */
export function numberText(make: Expressions, set: NumberSet): Expression {
  const { low, high, integer, multiples } = set;
  const digits = make.repeat(make.bytes(digit), 0, Number.POSITIVE_INFINITY);
  if (low === undefined && high === undefined && multiples.length === 0 && integer !== false) {
    const sign = make.or([make.empty, make.literal(utf8('-'))]);
    const whole = make.or([make.literal(utf8('0')), make.concat(make.bytes(byteSet([0x31, 0x39])), digits)]);
    if (integer) return make.concat(sign, whole);
    const some = make.repeat(make.bytes(digit), 1, Number.POSITIVE_INFINITY);
    const fraction = make.or([make.empty, make.literal(utf8('.'), some)]);
    const plusMinus = make.or([make.empty, make.bytes(byteSet([0x2b, 0x2b], [0x2d, 0x2d]))]);
    const exponent = make.or([
      make.empty,
      make.concat(make.bytes(byteSet([0x45, 0x45], [0x65, 0x65])), plusMinus, some),
    ]);
    return make.concat(sign, whole, fraction, exponent);
  }
  if (low !== undefined && high !== undefined && compare(low.value, high.value) === 0) {
    // One number: its shortest text only.
    if (low.value.scale > 0 && integer === true) return make.none;
    const text = plainText(low.value);
    const machine = magnitudeMachine(set, low.value.digits < 0n);
    const bare = text.startsWith('-') ? text.slice(1) : text;
    return accepts(machine, bare) ? make.literal(utf8(text)) : make.none;
  }
  const parts: Expression[] = [];
  if (high === undefined || compare(high.value, zero) > 0 || (compare(high.value, zero) === 0 && !high.exclusive))
    parts.push(make.custom(magnitudeMachine(set, false)));
  if (low === undefined || compare(low.value, zero) < 0)
    parts.push(make.concat(make.literal(utf8('-')), make.custom(magnitudeMachine(set, true))));
  return make.or(parts);
}

function plainText(value: Decimal): string {
  const { whole, fraction } = split(value.digits < 0n ? negative(value) : value);
  return `${value.digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function accepts(machine: ByteMachine, text: string): boolean {
  let state = machine.start;
  for (const byte of utf8(text)) {
    state = machine.next(state, byte);
    if (state < 0) return false;
  }
  return machine.accepts(state);
}

const classOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x30 && byte <= 0x39 ? byte - 0x2f : byte === 0x2e ? 11 : 0,
);

interface Place {
  /** 0: before the first digit; 1: after a leading zero; 2: in the whole part; 3: after the point; 4: in the fraction. */
  readonly phase: 0 | 1 | 2 | 3 | 4;
  /** Digits of the whole part, or of the fraction, as far as they matter. */
  readonly count: number;
  /** -1, 0 or 1: how the digits compare with the bounds so far. */
  readonly low: number;
  readonly high: number;
  /** True when a digit of the fraction is not zero. */
  readonly broken: boolean;
  /** The remainders by each divisor. */
  readonly rests: readonly number[];
}

/** Numbers without a sign, digit by digit. With `mirrored`, they are the magnitudes of the negative numbers of the set. */
function magnitudeMachine(set: NumberSet, mirrored: boolean): ByteMachine {
  const [low, high] = mirrored ? [mirror(set.high), mirror(set.low)] : [set.low, set.high];
  const from = low !== undefined && compare(low.value, zero) >= 0 ? low : undefined;
  const to = high;
  const fromDigits = from === undefined ? undefined : split(from.value);
  const toDigits = to === undefined ? undefined : split(to.value);
  const wholeCap = Math.max(fromDigits?.whole.length ?? 0, toDigits?.whole.length ?? 0) + 1;
  const scales = set.multiples.map(({ scale }) => scale);
  const divisors = set.multiples.map(({ digits }) => Number(digits));
  const fractionCap = Math.max(fromDigits?.fraction.length ?? 0, toDigits?.fraction.length ?? 0, ...scales, 0) + 1;

  const places: Place[] = [];
  const numbers = new Map<string, number>();
  const intern = (place: Place): number => {
    const key = `${place.phase},${place.count},${place.low},${place.high},${place.broken},${place.rests}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = places.length;
      numbers.set(key, number);
      places.push(place);
    }
    return number;
  };
  /** How the whole part compares, now that it is complete. */
  const wholeOrder = (count: number, order: number, bound: string | undefined): number =>
    bound === undefined || count === bound.length ? order : count < bound.length ? -1 : 1;
  const grown = (order: number, byteDigit: number, at: number, bound: string | undefined): number =>
    order !== 0 || bound === undefined ? order : Math.sign(byteDigit - Number(bound[at] ?? '0'));
  const grownWhole = (order: number, byteDigit: number, at: number, bound: string | undefined): number =>
    bound === undefined || at >= bound.length ? order : grown(order, byteDigit, at, bound);
  const fits = (place: Place): boolean => {
    if (place.phase === 0 || place.phase === 3) return false;
    let { low: under, high: over } = place;
    const fractionDigits = place.phase === 4 ? place.count : 0;
    if (place.phase !== 4) {
      under = wholeOrder(place.count, under, fromDigits?.whole);
      over = wholeOrder(place.count, over, toDigits?.whole);
    }
    // What is left of a bound's fraction makes it larger.
    if (under === 0 && (fromDigits?.fraction.length ?? 0) > fractionDigits) under = -1;
    if (over === 0 && (toDigits?.fraction.length ?? 0) > fractionDigits) over = -1;
    if (from !== undefined && (under < 0 || (under === 0 && from.exclusive))) return false;
    if (to !== undefined && (over > 0 || (over === 0 && to.exclusive))) return false;
    if (set.integer === false && !place.broken) return false;
    return divisors.every((divisor, i) => {
      const missing = Math.max(0, scales[i]! - fractionDigits);
      return (place.rests[i]! * 10 ** missing) % divisor === 0;
    });
  };

  return {
    key: `number ${mirrored} ${text(from)} ${text(to)} ${set.integer} ${set.multiples.map(({ digits, scale }) => `${digits}e-${scale}`)}`,
    start: intern({ phase: 0, count: 0, low: 0, high: 0, broken: false, rests: divisors.map(() => 0) }),
    classOf,
    next(state, byte) {
      const place = places[state]!;
      if (byte === 0x2e) {
        if (set.integer === true || (place.phase !== 1 && place.phase !== 2)) return -1;
        return intern({
          ...place,
          phase: 3,
          count: 0,
          low: wholeOrder(place.count, place.low, fromDigits?.whole),
          high: wholeOrder(place.count, place.high, toDigits?.whole),
        });
      }
      if (byte < 0x30 || byte > 0x39 || place.phase === 1) return -1;
      const value = byte - 0x30;
      if (place.phase === 0 || place.phase === 2) {
        return intern({
          phase: place.phase === 0 && value === 0 ? 1 : 2,
          count: Math.min(place.count + 1, wholeCap),
          low: grownWhole(place.low, value, place.count, fromDigits?.whole),
          high: grownWhole(place.high, value, place.count, toDigits?.whole),
          broken: false,
          rests: place.rests.map((rest, i) => (rest * 10 + value) % divisors[i]!),
        });
      }
      if (value !== 0 && scales.some((scale) => place.count >= scale)) return -1;
      return intern({
        phase: 4,
        count: Math.min(place.count + 1, fractionCap),
        low: grown(place.low, value, place.count, fromDigits?.fraction),
        high: grown(place.high, value, place.count, toDigits?.fraction),
        broken: set.integer === false && (place.broken || value !== 0),
        rests: place.rests.map((rest, i) => (place.count < scales[i]! ? (rest * 10 + value) % divisors[i]! : rest)),
      });
    },
    accepts: (state) => fits(places[state]!),
  };
}

function mirror(bound: Bound | undefined): Bound | undefined {
  return bound === undefined ? undefined : { value: negative(bound.value), exclusive: bound.exclusive };
}

function text(bound: Bound | undefined): string {
  return bound === undefined ? '-' : `${bound.value.digits}e-${bound.value.scale}${bound.exclusive ? 'x' : ''}`;
}
