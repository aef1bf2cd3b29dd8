import type { History } from '@tokenwright/core';
import type { Automaton } from './machine/automaton.ts';
import type { Vocabulary } from './vocabulary/vocabulary.ts';

/** The states of histories. Each call continues from the nodes of the calls before, so a text is read once. */
export class HistoryStates {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  readonly #known: WeakMap<History, unknown> = new WeakMap();

  constructor(automaton: Automaton, vocabulary: Vocabulary) {
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
  }

  /** The state after the tokens behind the first `from`; undefined when they do not fit. Control tokens add nothing. */
  after(history: History, from: number): unknown {
    let node = history;
    while (node.length > from && node.parent !== undefined && !this.#known.has(node)) node = node.parent;
    const isKnown = this.#known.has(node);
    let state = isKnown ? this.#known.get(node) : this.#automaton.initial;
    for (const id of history.tokens.subarray(isKnown ? node.length : from))
      for (const byte of this.#vocabulary.bytes[id] ?? [])
        if (state !== undefined) state = this.#automaton.step(state, byte);
    this.#known.set(history, state);
    return state;
  }
}
