import { ParameterError } from '@tokenwright/core';
import { checkTokens, customOption } from '@tokenwright/core/options';

/** What a sequence must contain: the tokens of a phrase, in order, or those of any one of several phrases. */
export type Constraint = { readonly phrase: readonly number[] } | { readonly anyOf: readonly (readonly number[])[] };

/** The declaration of the option `constraints`. */
export const constraintsOption = customOption<readonly Constraint[]>({
  kind: 'json',
  suggested: [{ phrase: [5, 4] }],
  help: 'What every sequence must contain: a list of { phrase: ids } and { anyOf: [ids, ...] }',
  check: checkConstraints,
});

/** The phrases that meet a constraint. */
export function phrasesOf(constraint: Constraint): readonly (readonly number[])[] {
  return 'phrase' in constraint ? [constraint.phrase] : constraint.anyOf;
}

function checkConstraints(owner: string, name: string, value: unknown): readonly Constraint[] {
  const fail = (received: unknown): never => {
    throw new ParameterError(
      owner,
      name,
      'a non-empty list of { phrase: ids } and { anyOf: [ids, ...] }, where no phrase is empty and no phrase of an anyOf begins with another',
      received,
    );
  };
  if (!Array.isArray(value) || value.length === 0) fail(value);
  const constraints = value as readonly Constraint[];
  for (const constraint of constraints) {
    if (typeof constraint !== 'object' || constraint === null) fail(constraint);
    const keys = Object.keys(constraint);
    if (keys.length !== 1 || !(keys[0] === 'phrase' || keys[0] === 'anyOf')) fail(constraint);
    const phrases: readonly (readonly number[])[] = phrasesOf(constraint);
    if (!Array.isArray(phrases) || phrases.length === 0 || phrases.some((phrase) => !(phrase?.length > 0)))
      fail(constraint);
    for (const phrase of phrases) checkTokens(owner, name, phrase);
    for (const [i, phrase] of phrases.entries())
      if (phrases.some((other, j) => i !== j && phrase.every((id: number, at: number) => other[at] === id)))
        fail(constraint);
  }
  return constraints;
}
