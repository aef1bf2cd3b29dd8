import { grouped, percent } from './number.ts';

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
