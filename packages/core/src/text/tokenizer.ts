/** A part of a text: indices in UTF-16 units, of which `end` is not part of it. */
export type TextRange = readonly [start: number, end: number];

/** Text to ids and back. Any object with these members works; `@tokenwright/loaders` reads tokenizer.json files. */
export interface Tokenizer {
  readonly vocabSize: number;
  /**
   * Ids of a text. `addSpecialTokens` (default true) adds the tokenizer's special tokens around a prompt, such as a
   * begin token. `splitSpecialTokens` takes special tokens that are spelled in the text for plain text: all of them with
   * `true`, or those that overlap the given ranges. Default false.
   */
  encode(
    text: string,
    options?: { readonly addSpecialTokens?: boolean; readonly splitSpecialTokens?: boolean | readonly TextRange[] },
  ): number[];
  /** Text of ids. `skipSpecialTokens` (default true) omits control tokens. Invalid UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}
