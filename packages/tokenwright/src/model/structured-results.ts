import { type GenerateOptions, ParameterError, type StopCondition } from '@tokenwright/core';
import type { BatchTextResult, TextResult } from '../output/text-result.ts';
import type { StructuredOutput } from '../structured/constraint.ts';
import { replyObject } from '../structured/reply-object.ts';
import { SchemaValidationError } from '../structured/schema-validation-error.ts';

/**
 * The result of a call with its `object`.
 *
 * @throws SchemaValidationError when the schema's own checks refuse the value.
 */
export async function withObject<Result extends TextResult>(
  owner: string,
  output: StructuredOutput | undefined,
  result: Result,
): Promise<Result> {
  if (output === undefined) return result;
  const object = await replyObject(owner, output, result);
  return { ...withoutObject(result), ...(object === undefined ? {} : { object }) };
}

/** The results of a batch, each with its `object`, or with the `error` that took its place. */
export function withObjects(
  owner: string,
  output: StructuredOutput | undefined,
  results: readonly BatchTextResult[],
): Promise<BatchTextResult[]> {
  return Promise.all(
    results.map(async (result) => {
      try {
        return await withObject(owner, output, result);
      } catch (error) {
        if (!SchemaValidationError.isInstance(error)) throw error;
        return { ...withoutObject(result), error };
      }
    }),
  );
}

/** A result of a worker has the value before the schema's checks and transforms. */
function withoutObject<Result extends TextResult>({ object: _, ...result }: Result): Result {
  return result as unknown as Result;
}

/** Whether a call has an object that grows; its options are not checked yet. */
export function hasSchema(options: unknown): boolean {
  return (options as { readonly schema?: unknown } | null | undefined)?.schema !== undefined;
}

/**
 * The caller's condition, called first since it may want to see each token, and the one of a complete reply.
 *
 * @throws ParameterError (the condition does) for a reply that is complete before the minimum length.
 */
export function stopOf(
  owner: string,
  { stopWhen, minNewTokens = 0, minLength = 0 }: GenerateOptions,
  complete: StopCondition,
): StopCondition {
  return (state) => {
    const answer: unknown = stopWhen?.(state) ?? false;
    // What is not an answer is refused where the condition is called.
    if (answer !== false) return answer as boolean;
    if (!complete(state)) return false;
    const { history, promptLength } = state;
    const least = 'at most the length of a reply that is complete, and cannot continue';
    if (history.length - promptLength < minNewTokens)
      throw new ParameterError(owner, 'minNewTokens', `${least}: ${history.length - promptLength}`, minNewTokens);
    if (history.length < minLength)
      throw new ParameterError(owner, 'minLength', `${least}: ${history.length}`, minLength);
    return true;
  };
}

/** What to tell a caller whose reply the default limit cut off; undefined for nothing. */
export function cutNotice(
  owner: string,
  output: StructuredOutput | undefined,
  maxNewTokens: number | undefined,
  results: readonly TextResult[],
): string | undefined {
  if (output === undefined || maxNewTokens !== undefined) return undefined;
  const cut = results.find(({ finishReason, stopReason }) => finishReason === 'length' && stopReason !== 'context');
  if (cut === undefined) return undefined;
  return (
    `${owner}: a reply was cut off after ${cut.usage.completionTokens} tokens, before it was complete, so it has no object. ` +
    'Give maxNewTokens, or a schema that limits its texts (maxLength) and lists (maxItems).'
  );
}
