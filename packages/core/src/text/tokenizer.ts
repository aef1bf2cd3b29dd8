/** Text to ids and back. Anything with these members serves; `@tokenwright/loaders` reads tokenizer.json files. */
export interface Tokenizer {
  readonly vocabSize: number;
  /** Ids of a text. `addSpecialTokens` (default true) adds what the tokenizer puts around a prompt, such as a begin token. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** Text of ids. `skipSpecialTokens` (default true) leaves out control tokens. Bytes that are not UTF-8 decode to U+FFFD. */
  decode(ids: ArrayLike<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
}
