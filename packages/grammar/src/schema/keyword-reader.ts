import type { Expression } from '../expressions/expression.ts';
import type { Node } from './node.ts';
import type { Place } from './references.ts';
import type { ValueSets } from './value-sets.ts';

/** What reading a keyword needs of the reader of the whole schema. */
export interface KeywordReader {
  readonly sets: ValueSets;
  /** The values of a schema inside a schema; `path` is the way to it. */
  child(schema: unknown, place: Place, ...path: (string | number)[]): Node;
  /** @throws UnsupportedSchemaError, unless the reader is lenient. */
  unsupported(keyword: string, place: Place, problem: string): void;
  /** Whether the dialect is draft 7 or an earlier one. */
  isOld(place: Place): boolean;
  /** The strings, without quotes, in which a pattern matches; undefined for one that is left out. */
  pattern(pattern: string, keyword: string, place: Place): Expression | undefined;
  /** The strings, without quotes, of a format; undefined for a format that limits nothing. */
  format(name: string, place: Place): Expression | undefined;
}
