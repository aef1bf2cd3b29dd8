import { describeFinish, type EndEvent } from '@tokenwright/core';
import { grouped, percent } from './number.ts';

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

/** What a grammar left of the tokens at one step. */
export interface GrammarChoice {
  /** What was expected there: a JSON pointer of the schema, or the name of a rule. */
  readonly at: string;
  /** Tokens that fit, and all tokens. */
  readonly allowed: number;
  readonly vocabSize: number;
  /** Share of the probability that the removed tokens had. */
  readonly removedMass: number;
  /** Only one token fits. */
  readonly forced: boolean;
}

interface Explained {
  readonly explanation: {
    readonly stages: readonly { readonly name: string; readonly candidates: number; readonly removedMass: number }[];
  };
}

/** The first stage of the chain is the grammar's. */
export function grammarChoice({ explanation }: Explained, vocabSize: number, at: string): GrammarChoice | undefined {
  const stage = explanation.stages.find(({ name }) => name === 'constrain');
  if (stage === undefined) return undefined;
  const { candidates: allowed, removedMass } = stage;
  return { at, allowed, vocabSize, removedMass, forced: allowed === 1 };
}

/** '12 of 4,096 tokens fit at #/properties/name; the others had 98.3 % of the probability' */
export function grammarChoiceText({ at, allowed, vocabSize, removedMass, forced }: GrammarChoice): string {
  const fits = forced ? 'only this token fits' : `${grouped(allowed)} of ${grouped(vocabSize)} tokens fit`;
  return `${fits}${at === '#' ? '' : ` at ${at}`}; the others had ${percent(removedMass)} of the probability`;
}
