import type { FinishReason } from '@tokenwright/core';
import type { StructuredOutput } from './constraint.ts';
import { SchemaValidationError } from './schema-validation-error.ts';
import type { StandardResult, StandardSchema } from './standard-schema.ts';

/**
 * The value of a reply: of its JSON, or the choice. Undefined for a reply that was cut off, and for one that is only a text.
 *
 * @throws SchemaValidationError when the schema's library refuses the value.
 */
export async function replyObject(
  owner: string,
  { constraint, validator }: StructuredOutput,
  { text, finishReason }: { readonly text: string; readonly finishReason: FinishReason },
): Promise<unknown> {
  if (finishReason !== 'stop') return undefined;
  if (constraint.option === 'choices') return constraint.texts.includes(text) ? text : undefined;
  if (constraint.option !== 'schema') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A stop string or a condition of the caller ended the reply.
    return undefined;
  }
  return validator === undefined ? value : validated(owner, validator, text, value);
}

async function validated(owner: string, validator: StandardSchema, text: string, value: unknown): Promise<unknown> {
  let result: StandardResult<unknown>;
  try {
    // The library may change what it is given.
    result = await validator['~standard'].validate(structuredClone(value));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SchemaValidationError(owner, text, value, [{ message }], { cause });
  }
  if (result.issues !== undefined) throw new SchemaValidationError(owner, text, value, result.issues);
  return result.value;
}
