import { ParameterError } from '@tokenwright/core';
import { isObject } from '@tokenwright/core/options';
import { closeObjects } from './close-objects.ts';

/**
 * A schema of a validation library: the interfaces of standardschema.dev that Zod 4, ArkType 2 and, through
 * `toStandardJsonSchema`, Valibot have.
 *
 * @typeParam Input what the library reads: a JSON value that the model writes.
 * @typeParam Output what it gives, after transforms and defaults.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  };
}

/** The result of a validation. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One reason why a value is not valid. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Writes JSON Schemas: what a schema with the Standard JSON Schema interface has. */
interface JsonSchemaConverter {
  readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>>;
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return isObject(standard) && typeof standard.validate === 'function';
}

/**
 * The JSON Schema of what a library's schema reads. The libraries ignore properties that they do not know, so the objects are
 * closed: a model that writes such properties would only lose time.
 *
 * @throws ParameterError for a schema without a JSON Schema, with what to do instead.
 */
export function jsonSchemaOf(owner: string, schema: StandardSchema): Readonly<Record<string, unknown>> {
  const { vendor, jsonSchema } = schema['~standard'] as StandardSchema['~standard'] & {
    readonly jsonSchema?: Partial<JsonSchemaConverter>;
  };
  if (typeof jsonSchema?.input !== 'function')
    throw new ParameterError(
      owner,
      'schema',
      `a schema with the Standard JSON Schema interface (${advice[vendor] ?? 'give its JSON Schema as a plain object'})`,
      `a schema of ${vendor} without it`,
    );
  try {
    return closeObjects(jsonSchema.input({ target: 'draft-2020-12' }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ParameterError(
      owner,
      'schema',
      `a schema that JSON Schema can express (${vendor}: ${reason})`,
      `a schema of ${vendor}`,
      { cause },
    );
  }
}

const advice: Readonly<Record<string, string>> = {
  valibot: 'write schema: toStandardJsonSchema(schema), from @valibot/to-json-schema',
  zod: 'upgrade to Zod 4.2 or later',
  arktype: 'ArkType 2.1.28 and later has it',
};
