import type { Automaton } from '../machine/automaton.ts';
import { Machine, type MachineState } from '../machine/machine.ts';
import { Masker } from './masker.ts';
import type { Vocabulary } from './vocabulary.ts';

/** States whose masks are kept, for an automaton that is not a `Machine`. */
const keptMasks = 64;

/** Finds the tokens after which the automaton can still reach an accepting state: [ceil(V / 32)], the caller's to change. */
export function tokenMasks<State>(automaton: Automaton<State>, vocabulary: Vocabulary): (state: State) => Uint32Array {
  if (automaton instanceof Machine) {
    const masker = new Masker(automaton, vocabulary);
    return (state) => masker.mask(state as MachineState);
  }
  const masks = new Map<string, Uint32Array>();
  return (state) => {
    const key = automaton.key(state);
    let mask = masks.get(key);
    if (mask === undefined) {
      mask = walk(automaton, vocabulary, state);
      masks.set(key, mask);
      if (masks.size > keptMasks) masks.delete(masks.keys().next().value!);
    }
    return mask.slice();
  };
}

/** One walk of the prefix tree, which leaves out what is below a byte that does not fit. */
function walk<State>(automaton: Automaton<State>, { trie, size }: Vocabulary, from: State): Uint32Array {
  const bits = new Uint32Array(Math.ceil(size / 32));
  const path: State[] = [from];
  for (let node = 1; node < trie.size; ) {
    const next = automaton.step(path[trie.depth[node]! - 1]!, trie.byte[node]!);
    if (next === undefined) {
      node = trie.end[node]!;
      continue;
    }
    path[trie.depth[node]!] = next;
    for (let id = trie.token[node]!; id >= 0; id = trie.same[id]!) bits[id >>> 5]! |= 1 << (id & 31);
    node++;
  }
  return bits;
}
