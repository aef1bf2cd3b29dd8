/** Text to ids and back. Any object with these members works; `@tokenwright/loaders` reads tokenizer.json files. */
export interface Tokenizer {
  readonly vocabSize: number;
  /**
   * Ids of a text. `addSpecialTokens` (default true) adds the tokenizer's special tokens around a prompt, such as a
   * begin token.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Text of ids. `skipSpecialTokens` (default true) omits control tokens. Invalid UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}
