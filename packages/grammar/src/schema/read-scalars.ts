import { GrammarError, GrammarLimitError } from '../errors.ts';
import { decimal, exactDecimal } from '../expressions/decimal.ts';
import type { Bound, NumberSet } from '../expressions/numbers.ts';
import { countOf, type KeywordReader, type Keywords, numberOf } from './keywords.ts';
import type { Values } from './node.ts';
import type { Place } from './references.ts';

/** Each required character is a state, so the number of them is bounded. */
const longestMinimum = 100_000;
/** Counters are 32-bit integers. */
const longestCount = 2 ** 31;

/** `minLength`, `maxLength`, `pattern` and `format`; undefined when none of them limits anything. */
export function readStrings(reader: KeywordReader, schema: Keywords, place: Place): Values | undefined {
  const { text, make, everything } = reader.sets;
  let strings = everything.strings;
  const min = countOf(schema, 'minLength', place) ?? 0;
  const max = countOf(schema, 'maxLength', place) ?? Infinity;
  if (max < min) return { ...everything, strings: make.none };
  if (min > longestMinimum) throw new GrammarLimitError('characters that a string must have', longestMinimum);
  if (max > longestCount && max < Infinity)
    throw new GrammarLimitError('characters of a string to count', longestCount);
  if (min > 0 || max < Infinity) strings = text.string(make.repeat(text.fullChar, min, max));
  if (schema.pattern !== undefined) {
    if (typeof schema.pattern !== 'string') throw new GrammarError(`#${place.pointer}: 'pattern' must be a text.`);
    const body = reader.pattern(schema.pattern, 'pattern', place);
    if (body !== undefined) strings = reader.sets.strings(strings, text.string(body));
  }
  if (typeof schema.format === 'string') {
    const body = reader.format(schema.format, place);
    if (body !== undefined) strings = reader.sets.strings(strings, text.string(body));
  }
  return strings === everything.strings ? undefined : { ...everything, strings };
}

/** `minimum`, `maximum`, their exclusive forms, and `multipleOf`. */
export function readNumbers(reader: KeywordReader, schema: Keywords, place: Place): readonly NumberSet[] {
  // In draft 4, `exclusiveMinimum: true` makes `minimum` exclusive. Later the keyword has the bound itself.
  const bounds = (inclusive: string, exclusive: string): Limit[] => {
    const marked = schema[exclusive] === true;
    const own = numberOf(schema, inclusive, place);
    const other = typeof schema[exclusive] === 'boolean' ? undefined : numberOf(schema, exclusive, place);
    return [
      ...(own === undefined ? [] : [{ number: own, exclusive: marked }]),
      ...(other === undefined ? [] : [{ number: other, exclusive: true }]),
    ];
  };
  const stricter = (a: Limit, b: Limit, sign: 1 | -1): Limit =>
    sign * b.number > sign * a.number || (b.number === a.number && b.exclusive) ? b : a;
  const lows = bounds('minimum', 'exclusiveMinimum');
  const highs = bounds('maximum', 'exclusiveMaximum');
  const low = lows.length === 0 ? undefined : boundOf(lows.reduce((a, b) => stricter(a, b, 1)));
  const high = highs.length === 0 ? undefined : boundOf(highs.reduce((a, b) => stricter(a, b, -1)));
  const step = numberOf(schema, 'multipleOf', place);
  if (step !== undefined && step <= 0) throw new GrammarError(`#${place.pointer}: 'multipleOf' must be positive.`);
  const multiple = step === undefined ? undefined : decimal(step);
  if (multiple !== undefined && (multiple.digits > 100_000n || multiple.scale > 15)) {
    reader.unsupported('multipleOf', place, `of ${step} is not supported`);
    return [rangeOf(low, high, [])];
  }
  return [rangeOf(low, high, multiple === undefined ? [] : [multiple])];
}

function rangeOf(low: Bound | undefined, high: Bound | undefined, multiples: NumberSet['multiples']): NumberSet {
  return { multiples, ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) };
}

/** A bound as the schema has it. */
interface Limit {
  readonly number: number;
  readonly exclusive: boolean;
}

function boundOf({ number, exclusive }: Limit): Bound {
  return { value: exactDecimal(number), exclusive };
}
