import { ParameterError } from '../errors.ts';

/** The caller's name for each parameter of inner functions, by the inner function. */
export type OuterNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Do the work of a function that calls others. A ParameterError of one of them is about a parameter that the caller does not
 * know, so it is thrown again with the name that the caller gave.
 *
 * @param owner names the outer function in errors.
 * @example
 * ```ts
 * underNames('huggingFace', { noRepeatNgram: { size: 'noRepeatNgramSize' } }, () => noRepeatNgram({ size }));
 * ```
 */
export function underNames<Value>(owner: string, names: OuterNames, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw renamed(owner, names, error);
  }
}

function renamed(owner: string, names: OuterNames, error: unknown): unknown {
  if (!ParameterError.isInstance(error) || !Object.hasOwn(names, error.owner)) return error;
  // 'tokens[3]' is a part of 'tokens', and 'allowed(tokens)' a result of 'allowed'.
  const [inner = ''] = error.parameter.split(/[[.(]/, 1);
  const ofOwner = names[error.owner]!;
  if (!Object.hasOwn(ofOwner, inner)) return error;
  const parameter = `${ofOwner[inner]!}${error.parameter.slice(inner.length)}`;
  return new ParameterError(owner, parameter, error.allowed, error.received, { cause: error });
}
