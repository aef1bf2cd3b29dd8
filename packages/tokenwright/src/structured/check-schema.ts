import { ParameterError } from '@tokenwright/core';
import { isObject, isPlainObject } from '@tokenwright/core/options';
import { isStandardSchema } from './standard-schema.ts';

const allowed = 'a JSON Schema, or a schema of Zod, ArkType or Valibot';

/**
 * A schema of a library, or a plain object with keywords of JSON Schema. Its values are checked when it is compiled.
 *
 * An object without such a keyword would allow any JSON, so what was probably meant is refused.
 */
export function checkSchema(owner: string, name: string, value: unknown): object {
  if (isStandardSchema(value)) return value;
  if (!isObject(value) || Array.isArray(value)) throw new ParameterError(owner, name, allowed, value);
  const hint = hintFor(value);
  if (hint !== undefined) throw new ParameterError(owner, name, `${allowed} (${hint})`, value);
  return value;
}

function hintFor(value: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof value.then === 'function') return 'this is a promise: await it first';
  if (typeof value.toJSON === 'function') return undefined;
  if (!isPlainObject(value))
    return '_def' in value ? 'this schema is of Zod 3: use Zod 4.2 or later' : 'this is an instance of a class';
  const names = Object.keys(value);
  const field = names.find((one) => isStandardSchema(value[one]));
  if (field !== undefined) return `'${field}' is a schema already: wrap the properties, as z.object({ ... }) does`;
  if (names.length === 0 || names.some((one) => keywords.has(one))) return undefined;
  const inner = names.find((one) => ['schema', 'json_schema', 'jsonSchema', 'parameters'].includes(one));
  return inner === undefined
    ? `no keyword of JSON Schema is among its names: for an object with them, give { type: 'object', properties: { ... } }`
    : `give what is in its '${inner}'`;
}

const keywords: ReadonlySet<string> = new Set(
  (
    '$schema $id id $anchor $ref $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary $comment $defs ' +
    'definitions type const enum format title description default examples example deprecated readOnly writeOnly ' +
    'allOf anyOf oneOf not if then else properties patternProperties additionalProperties unevaluatedProperties ' +
    'propertyNames required minProperties maxProperties dependentRequired dependentSchemas dependencies items ' +
    'prefixItems additionalItems unevaluatedItems contains minContains maxContains minItems maxItems uniqueItems ' +
    'minLength maxLength pattern contentEncoding contentMediaType contentSchema minimum maximum exclusiveMinimum ' +
    'exclusiveMaximum multipleOf'
  ).split(' '),
);
