import { ParameterError } from '@tokenwright/core';
import { checkList, checkTokens, customOption, isPlainObject } from '@tokenwright/core/options';

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
  const allowed =
    'a non-empty list of { phrase: ids } and { anyOf: [ids, ...] }, where no phrase is empty and no phrase of an anyOf begins with another';
  const fail = (received: unknown): never => {
    throw new ParameterError(owner, name, allowed, received);
  };
  const item = (given: unknown, at: number): Constraint => {
    const place = `${name}[${at}]`;
    const kinds: readonly string[] = isPlainObject(given) ? Object.keys(given) : [];
    if (kinds.length !== 1 || !(kinds[0] === 'phrase' || kinds[0] === 'anyOf')) return fail(given);
    const { phrase, anyOf } = given as Readonly<Record<string, unknown>>;
    if (kinds[0] === 'phrase') return { phrase: Array.from(checkTokens(owner, `${place}.phrase`, phrase, 1)) };
    const one = (ids: unknown, i: number): readonly number[] =>
      Array.from(checkTokens(owner, `${place}.anyOf[${i}]`, ids, 1));
    const phrases = checkList(owner, `${place}.anyOf`, anyOf, 'a list of lists of ids', { least: 1, item: one });
    for (const [i, ids] of phrases.entries())
      if (phrases.some((other, j) => i !== j && ids.every((id, position) => other[position] === id))) fail(given);
    return { anyOf: phrases };
  };
  return checkList(owner, name, value, allowed, { least: 1, item });
}
