/**
 * A deterministic automaton over the bytes of a text. A state never changes, so it can be kept, forked and gone back to.
 * Every state that `step` returns has at least one accepted continuation, up to what the automaton documents.
 */
export interface Automaton<State = unknown> {
  /** The state before the first byte. */
  readonly initial: State;
  /** The state after one more byte (0 to 255); undefined when no text continues so. */
  step(state: State, byte: number): State | undefined;
  /** True when the text so far is complete. */
  accepting(state: State): boolean;
  /** Equal keys mean equal states of this automaton object. */
  key(state: State): string;
  /** Where the state is in the grammar, for messages: a JSON pointer of a schema, or the name of a rule. */
  describe?(state: State): string;
}
