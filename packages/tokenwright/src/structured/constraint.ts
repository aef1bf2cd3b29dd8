import { ParameterError } from '@tokenwright/core';
import type { Automaton, JsonSchemaOptions } from '@tokenwright/grammar';
import { isStandardSchema, jsonSchemaOf, type StandardSchema } from './standard-schema.ts';
import type { StructuredOutputOptions } from './structured-output.ts';

/** What a reply must be. Plain data, unless the grammar is an automaton. */
export type Constraint =
  | { readonly option: 'schema'; readonly schema: object; readonly options: JsonSchemaOptions }
  | { readonly option: 'regex'; readonly pattern: string }
  | { readonly option: 'choices'; readonly texts: readonly string[] }
  | { readonly option: 'grammar'; readonly grammar: string | Automaton };

/** What a call asks of its replies. */
export interface StructuredOutput {
  readonly constraint: Constraint;
  /** Checks and transforms the value, if a library's schema was given. */
  readonly validator: StandardSchema | undefined;
}

const exclusive = ['schema', 'regex', 'choices', 'grammar'] as const;

/**
 * What the options of a call ask of its replies; undefined when they ask nothing.
 *
 * @param given options that are checked one by one.
 * @throws ParameterError for options that exclude each other, and for a schema without a JSON Schema.
 */
export function structuredOutputOf(owner: string, given: StructuredOutputOptions): StructuredOutput | undefined {
  const { schema, regex, choices, grammar, schemaOptions } = given;
  const [first, second] = exclusive.filter((name) => given[name] !== undefined);
  if (second !== undefined)
    throw new ParameterError(
      owner,
      second,
      `left out when ${first} is given, as each says what the reply is`,
      given[second],
    );
  if (schemaOptions !== undefined && schema === undefined)
    throw new ParameterError(owner, 'schemaOptions', 'left out without a schema', schemaOptions);
  if (schema !== undefined) {
    const validator = isStandardSchema(schema) ? schema : undefined;
    const json = validator === undefined ? schema : jsonSchemaOf(owner, validator);
    return { constraint: { option: 'schema', schema: json, options: layoutOf(schemaOptions) }, validator };
  }
  if (regex !== undefined)
    return {
      constraint: { option: 'regex', pattern: typeof regex === 'string' ? regex : regex.source },
      validator: undefined,
    };
  if (choices !== undefined) return { constraint: { option: 'choices', texts: choices }, validator: undefined };
  if (grammar !== undefined) return { constraint: { option: 'grammar', grammar }, validator: undefined };
  return undefined;
}

/**
 * Where JSON allows white space, one space. It leaves a model the layouts without lines, and none in which a weak model could
 * write white space on and on.
 */
const oneSpace: JsonSchemaOptions = { whitespacePattern: ' ?' };

function layoutOf(options: JsonSchemaOptions = {}): JsonSchemaOptions {
  return options.whitespaceFlexible === undefined && options.whitespacePattern === undefined
    ? { ...options, ...oneSpace }
    : options;
}
