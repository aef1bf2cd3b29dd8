import { TokenwrightError } from '@tokenwright/core';
import type { StandardIssue } from './standard-schema.ts';

/** Why a value is not valid. */
export interface ValidationIssue {
  readonly message: string;
  /** Names and indices from the root of the value to the place. */
  readonly path: readonly (string | number)[];
}

/**
 * A complete reply conforms to the JSON Schema, but not to what the schema's library checks beside it, such as `refine` of Zod. The
 * reply is in `text` and `value`.
 */
export class SchemaValidationError extends TokenwrightError {
  override readonly name: string = 'SchemaValidationError';
  /** The reply. */
  readonly text: string;
  /** The reply as JSON, before transforms. */
  readonly value: unknown;
  readonly issues: readonly ValidationIssue[];

  constructor(owner: string, text: string, value: unknown, issues: readonly StandardIssue[], options?: ErrorOptions) {
    const read = issues.map(
      ({ message, path = [] }): ValidationIssue => ({ message: String(message), path: path.map(keyOf) }),
    );
    const [first] = read;
    const place = first === undefined || first.path.length === 0 ? '' : ` at ${first.path.join('.')}`;
    const more = read.length > 1 ? ` (and ${read.length - 1} more)` : '';
    super(`${owner}: the schema refuses the reply${place}: ${first?.message ?? 'no reason'}${more}.`, options);
    this.text = text;
    this.value = value;
    this.issues = read;
  }
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' ? segment.key : segment;
  return typeof key === 'symbol' ? String(key) : key;
}
