import type { HostSampler } from '@tokenwright/core';

/**
 * The last stage of a chain under test: records the logits for every history and changes nothing. It declares no traits, so no earlier
 * stage is skipped.
 */
export class Probe {
  readonly #rows: Map<string, Float32Array> = new Map();
  readonly sampler: HostSampler;

  constructor() {
    this.sampler = {
      name: 'probe',
      onHost: (logits, { history, source }) => void this.#rows.set(key(history.tokens, source), logits.slice()),
    };
  }

  /** The logits after the chain, given these tokens, prompt included; undefined when the chain never ran for them. */
  after(tokens: readonly number[], source?: readonly number[]): Float32Array | undefined {
    return this.#rows.get(key(tokens, source));
  }
}

/** Rows of a batch may have the same tokens and differ in their sources. */
function key(tokens: ArrayLike<number>, source: ArrayLike<number> | undefined): string {
  return `${Array.from(tokens).join()} from ${source === undefined ? 'nothing' : Array.from(source).join()}`;
}
