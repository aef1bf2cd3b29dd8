import { createVocabulary, jsonSchema, type Machine, type Vocabulary } from '@tokenwright/grammar';

const halves = new TextEncoder().encode('é');
const spellings: readonly (string | Uint8Array)[] = [
  ...['', '{', '}', '"', 'a', 'b', ':', ',', '1', '2', '[', ']', '{"a":', '"b":', '"]', ',"', ' ', 'true', '":', '","'],
  halves.subarray(0, 1),
  halves.subarray(1),
];

/** A vocabulary of pieces of JSON. Token 0 ends a text. Beyond its 22 pieces, the tokens are letters that no schema here takes. */
export function jsonVocabulary(size: number = spellings.length): Vocabulary {
  const encoder = new TextEncoder();
  return createVocabulary(
    Array.from({ length: size }, (_, id) => {
      const spelling = spellings[id] ?? 'z';
      return typeof spelling === 'string' ? encoder.encode(spelling) : spelling;
    }),
  );
}

/** The bytes of tokens as a text. */
export function textOf(ids: ArrayLike<number>, vocabulary: Vocabulary): string {
  return new TextDecoder().decode(Uint8Array.from(Array.from(ids).flatMap((id) => [...vocabulary.bytes[id]!])));
}

/** Replies of at most about 30 tokens: with halves of a character, unique items, and numbers in a range. */
export function replyGrammar(): Machine {
  return jsonSchema(
    {
      type: 'object',
      properties: {
        a: { type: 'array', items: { enum: ['a', 'é', 'ab', 1] }, minItems: 1, maxItems: 2, uniqueItems: true },
        b: { type: 'integer', maximum: 22, minimum: 1 },
      },
      required: ['a', 'b'],
      additionalProperties: false,
    },
    { whitespacePattern: ' ?' },
  );
}

/** True when the grammar has a text that begins so. */
export function begins(machine: Machine, ids: ArrayLike<number>, vocabulary: Vocabulary): boolean {
  let state: ReturnType<Machine['step']> = machine.initial;
  for (const id of Array.from(ids))
    for (const byte of vocabulary.bytes[id]!) {
      if (state === undefined) return false;
      state = machine.step(state, byte);
    }
  return state !== undefined;
}
