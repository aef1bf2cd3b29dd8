import { generateText } from '@tokenwright/core';
import {
  constrain,
  GrammarError,
  GrammarLimitError,
  jsonSchema,
  type Machine,
  tokenizerVocabulary,
} from '@tokenwright/grammar';
import type { LoadedModel } from '@tokenwright/loaders';
import { temperature, tokenBias } from '@tokenwright/samplers';
import type { NamedSchema } from './schemas.ts';
import { validator } from './validator.ts';

/** What became of the documents. */
export interface Tally {
  /** Documents that ended with an end token and conform. */
  complete: number;
  /** Beginnings of documents, cut off by the limit of tokens or by the context. */
  cut: number;
  /** Complete documents of schemas that the validator cannot read. */
  notJudged: number;
  /** Schemas that reached a limit of the grammar while they were written. */
  limited: string[];
  /** Complete documents that do not conform, with their schema. */
  invalid: string[];
  /** Schemas that were passed over, because they are not supported. */
  unsupported: number;
}

export interface DocumentsOptions {
  readonly count: number;
  readonly maxNewTokens: number;
  /** Receives the tally so far after every hundredth document. */
  readonly onProgress?: (tally: Tally) => void;
}

/** Biases of tokens by their first byte: '"', ']' and '}'. */
const closingBytes: Readonly<Record<number, number>> = { 34: 3, 93: 8, 125: 8 };

/** Let a model write one document for each of `count` schemas, and have an independent validator judge them. */
export async function writeDocuments(
  { model, tokenizer }: LoadedModel,
  schemas: readonly NamedSchema[],
  { count, maxNewTokens, onProgress }: DocumentsOptions,
): Promise<Tally> {
  const tally: Tally = { complete: 0, cut: 0, notJudged: 0, limited: [], invalid: [], unsupported: 0 };
  const vocabulary = tokenizerVocabulary(tokenizer);
  // The model knows stories and no JSON. It rarely closes what it opened without such biases.
  const closing = tokenBias({
    biases: Object.fromEntries(
      vocabulary.bytes.flatMap(([first], id) =>
        first === undefined || !(first in closingBytes) ? [] : [[id, closingBytes[first]!]],
      ),
    ),
  });
  let written = 0;
  for (const { id, schema } of schemas) {
    if (written === count) break;
    let automaton: Machine;
    try {
      automaton = jsonSchema(schema);
      automaton.initial;
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      tally.unsupported++;
      continue;
    }
    if (written > 0 && written % 100 === 0) onProgress?.(tally);
    written++;
    try {
      const { text, finishReason } = await generateText(model, tokenizer, 'Once upon a time', {
        samplers: [constrain({ automaton, vocabulary }), closing, temperature({ temperature: 1 })],
        seed: written,
        maxNewTokens,
      });
      if (finishReason !== 'stop') tally.cut++;
      else judge(`${id}: ${text.slice(0, 300)}`, text, schema, tally);
    } catch (error) {
      if (!(error instanceof GrammarLimitError)) throw error;
      tally.limited.push(`${id}: ${error.message}`);
    }
  }
  return tally;
}

function judge(name: string, text: string, schema: NamedSchema['schema'], tally: Tally): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    tally.invalid.push(name);
    return;
  }
  const validate = validator(schema);
  if (validate === undefined) tally.notJudged++;
  else if (validate(value)) tally.complete++;
  else tally.invalid.push(name);
}
