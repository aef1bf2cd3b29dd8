import type { Sampler, Tokenizer } from '@tokenwright/core';

/** A sampler of the library as a flag. Its value is `main`, then other parameters by name: `--top-p 0.9,border=at-most`. */
export interface SamplerFlag {
  readonly name: string;
  /** The factory in `@tokenwright/samplers`. */
  readonly make: (options: never) => Sampler;
  /** What the factory calls the value that needs no name. A flag without one is on or off. */
  readonly main?: string;
  readonly value?: string;
  /** Other parameters, as help shows them. */
  readonly more?: readonly string[];
  readonly help: string;
  /** Reads a value that is written in another way. */
  readonly read?: (text: string, tokenizer: Tokenizer) => object;
  /** Turns texts into tokens, and adds what a command line cannot say. */
  readonly complete?: (parameters: Readonly<Record<string, unknown>>, tokenizer: Tokenizer) => object;
}
