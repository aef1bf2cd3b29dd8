import { GrammarError } from '../errors.ts';
import { decimal } from '../expressions/decimal.ts';
import { allNumbers, type Bound } from '../expressions/numbers.ts';
import type { KeywordReader, Keywords } from './keywords.ts';
import type { Node, Values } from './node.ts';
import type { Place } from './references.ts';

const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

/** `type`: a name, or a list of names. */
export function readType(reader: KeywordReader, given: unknown, place: Place): Values {
  const names = Array.isArray(given) ? given : [given];
  for (const name of names)
    if (!types.includes(name as string))
      throw new GrammarError(
        `#${place.pointer}: 'type' must be one of ${types.join(', ')}, but is ${JSON.stringify(name)}.`,
      );
  const { nothing, everything } = reader.sets;
  const has = (name: string): boolean => names.includes(name);
  return {
    null: has('null'),
    true: has('boolean'),
    false: has('boolean'),
    numbers: has('number') ? [allNumbers] : has('integer') ? [{ ...allNumbers, integer: true }] : [],
    strings: has('string') ? everything.strings : nothing.strings,
    objects: has('object') ? everything.objects : [],
    arrays: has('array') ? everything.arrays : [],
  };
}

/** `const`: one value, compared in depth. */
export function readConstant(reader: KeywordReader, value: unknown): Values {
  const { nothing, text, make } = reader.sets;
  if (value === null) return { ...nothing, null: true };
  if (typeof value === 'boolean') return { ...nothing, [String(value)]: true };
  if (typeof value === 'number') {
    const bound: Bound = { value: decimal(value), exclusive: false };
    return { ...nothing, numbers: [{ multiples: [], low: bound, high: bound }] };
  }
  if (typeof value === 'string') return { ...nothing, strings: make.literal(text.value(value)) };
  const node = (inner: unknown): Node => reader.sets.node('#', () => readConstant(reader, inner));
  if (Array.isArray(value)) {
    const { length } = value;
    return {
      ...nothing,
      arrays: [
        { ...reader.sets.anyArray, prefix: value.map(node), items: reader.sets.never, min: length, max: length },
      ],
    };
  }
  const entries = Object.entries(value as Keywords);
  return {
    ...nothing,
    objects: [
      {
        ...reader.sets.anyObject,
        names: new Map(entries.map(([name, inner]) => [name, node(inner)])),
        classes: [{ key: text.canonicalString, value: reader.sets.never }],
        required: new Set(entries.map(([name]) => name)),
        max: entries.length,
      },
    ],
  };
}

/** `enum`. */
export function readEnumeration(reader: KeywordReader, given: unknown, place: Place): Values {
  if (!Array.isArray(given)) throw new GrammarError(`#${place.pointer}: 'enum' must be a list.`);
  const { nothing, text, make } = reader.sets;
  const strings = given.filter((value) => typeof value === 'string').map((value) => text.value(value));
  const others = given.filter((value) => typeof value !== 'string').map((value) => readConstant(reader, value));
  return reader.sets.unite([{ ...nothing, strings: make.literals(strings) }, ...others]);
}
