import type { Automaton } from '../machine/automaton.ts';

const encoder = new TextEncoder();

/** True when the text is one of the automaton's. */
export function accepts<State>(automaton: Automaton<State>, text: string): boolean {
  let state: State | undefined = automaton.initial;
  for (const byte of encoder.encode(text)) {
    state = automaton.step(state, byte);
    if (state === undefined) return false;
  }
  return automaton.accepting(state);
}
