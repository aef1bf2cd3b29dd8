import { describeFinish, type EndEvent } from '@tokenwright/core';

/** What a text must be. */
interface Grammar {
  readonly flag: 'schema' | 'regex' | 'grammar' | 'choices';
}

/** Where a text is in its grammar. */
interface Place {
  /** Whether it may end there. */
  readonly complete: boolean;
  /** A JSON pointer of the schema, or the name of a rule. */
  readonly at: string;
}

/** Status of a command whose text is only the beginning of what its grammar asks for. */
export const incompleteStatus = 3;

const nouns: Readonly<Record<Grammar['flag'], string>> = {
  schema: 'JSON',
  regex: 'match',
  grammar: 'text of the grammar',
  choices: 'choice',
};

/** 'the JSON is complete' */
export function completeness({ flag }: Grammar, { complete, at }: Place, end: EndEvent): string {
  const noun = `the ${nouns[flag]} is`;
  if (complete) return `${noun} complete`;
  const limit =
    end.finishReason === 'length' && end.stopReason === undefined ? end.options.maxNewTokens?.value : undefined;
  const reason = `${describeFinish(end)}${limit === undefined ? '' : ` (--max-new-tokens ${limit})`}`;
  // The text of a pattern or of choices has no parts with names.
  return `${noun} incomplete: ${reason}${flag === 'schema' || flag === 'grammar' ? ` at ${at}` : ''}`;
}

/** What --json adds to the end event of a text with a grammar: whether it is complete, and the value of complete JSON. */
export function documentFields({ flag }: Grammar, { complete }: Place, { text = '' }: EndEvent): object {
  return { complete, ...(flag === 'schema' && complete ? { object: JSON.parse(text) } : {}) };
}
