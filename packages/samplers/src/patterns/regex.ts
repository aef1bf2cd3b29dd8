import { defineSampler } from '@tokenwright/core';
import { type OptionsOf, textOption } from '@tokenwright/core/options';
import { texts } from '../shared/token-texts.ts';
import { dead, PatternAutomaton } from './pattern-automaton.ts';
import { parsePattern } from './pattern-syntax.ts';
import { isReadable } from './vocabulary.ts';

const options = {
  /** The pattern that the whole reply must match. Syntax: see {@link regex}. */
  pattern: textOption({ suggested: ' [a-z, ]+\\.', help: 'The pattern that the whole reply must match' }),
  /** The text that each token adds, by id; see `vocabularyTexts`. */
  texts,
};

export type RegexOptions = OptionsOf<typeof options>;

/**
 * Keep the tokens with which the reply can still become a match of a regular expression. An end token stays exactly when
 * the reply is a match. So a reply that ends with an end token matches; one that a limit cuts off is the beginning of a
 * match.
 *
 * The syntax is that of JavaScript's `u` flag without look-around, back references, names, lazy repetitions and inner
 * anchors: characters, `.`, classes, `\d \w \s` and their negations, escapes, groups, `|`, `*`, `+`, `?`, `{m,n}`. The
 * pattern is anchored at both ends. Unsupported syntax raises a PatternError that names the position.
 *
 * The pattern becomes a deterministic automaton. The mask of a state is found by one walk over the vocabulary, sorted so
 * that common beginnings are walked once, and is then kept. The state is read from the reply, so branches and rewinds need
 * nothing stored. A token without readable text (a control token, a part of a character) never stays. When the vocabulary
 * cannot spell the continuation, or a match is complete and the run has no end token, the row is empty and the run says so.
 *
 * @throws PatternError for a pattern that cannot be used.
 * @example
 * ```ts
 * regex({ pattern: '(yes|no)', texts: vocabularyTexts(tokenizer) });
 * ```
 */
export const regex = defineSampler({
  name: 'regex',
  summary: 'Make the reply match a regular expression',
  source: 'Willard and Louf 2023, arXiv:2307.09702',
  kind: 'constraint',
  options,
  create({ pattern, texts }) {
    const automaton = new PatternAutomaton(parsePattern(pattern));
    const masks = new Map<number, Uint32Array>();
    return {
      traits: { narrows: true },
      mask({ history, promptLength, vocabSize, eosTokenIds }) {
        let state = automaton.start;
        for (const id of history.tokens.subarray(promptLength)) {
          const text = texts[id];
          state = isReadable(text) ? automaton.after(state, text) : dead;
        }
        let mask = masks.get(state);
        if (mask === undefined) {
          mask = maskOfState(automaton, state, texts);
          masks.set(state, mask);
        }
        const result = new Uint32Array(Math.ceil(vocabSize / 32));
        result.set(mask.subarray(0, result.length));
        const ended = automaton.accepts(state);
        for (const id of eosTokenIds) {
          if (id >= vocabSize) continue;
          if (ended) result[id >>> 5]! |= 1 << (id & 31);
          else result[id >>> 5]! &= ~(1 << (id & 31));
        }
        return result;
      },
    };
  },
});

/** Bits of the tokens after which the pattern can still match. */
function maskOfState(automaton: PatternAutomaton, state: number, texts: readonly string[]): Uint32Array {
  const bits = new Uint32Array(Math.ceil(texts.length / 32));
  const { ids, points, starts, shared } = sortedVocabulary(texts);
  // path[d] is the state after the first d characters of the current text; deeper entries belong to the text before.
  const path = [state];
  let alive = 0;
  for (let i = 0; i < ids.length; i++) {
    const start = starts[i]!;
    const length = starts[i + 1]! - start;
    // The text shares a dead beginning with the one before.
    if (shared[i]! > alive) continue;
    let depth = shared[i]!;
    while (depth < length && path[depth] !== dead) {
      path[depth + 1] = automaton.next(path[depth]!, points[start + depth]!);
      depth++;
    }
    const isDead = path[depth] === dead;
    alive = isDead ? depth - 1 : length;
    if (!isDead) bits[ids[i]! >>> 5]! |= 1 << (ids[i]! & 31);
  }
  return bits;
}

/** The readable texts of a vocabulary, sorted, as one sequence of code points. */
interface SortedVocabulary {
  readonly ids: Int32Array;
  readonly points: Uint32Array;
  /** Start of each text in `points`, and the end of the last one: [texts + 1]. */
  readonly starts: Int32Array;
  /** Length of the beginning that a text shares with the one before, in code points. */
  readonly shared: Int32Array;
}

const cache = new WeakMap<readonly string[], SortedVocabulary>();

function sortedVocabulary(texts: readonly string[]): SortedVocabulary {
  let sorted = cache.get(texts);
  if (sorted === undefined) {
    sorted = sortVocabulary(texts);
    cache.set(texts, sorted);
  }
  return sorted;
}

function sortVocabulary(texts: readonly string[]): SortedVocabulary {
  const ids = Int32Array.from(texts.keys()).filter((id) => isReadable(texts[id]));
  ids.sort((a, b) => (texts[a]! < texts[b]! ? -1 : texts[a]! > texts[b]! ? 1 : a - b));
  const starts = new Int32Array(ids.length + 1);
  const shared = new Int32Array(ids.length);
  const points: number[] = [];
  ids.forEach((id, i) => {
    for (const character of texts[id]!) points.push(character.codePointAt(0)!);
    starts[i + 1] = points.length;
    if (i === 0) return;
    const most = Math.min(starts[i]! - starts[i - 1]!, points.length - starts[i]!);
    let same = 0;
    while (same < most && points[starts[i - 1]! + same] === points[starts[i]! + same]) same++;
    shared[i] = same;
  });
  return { ids, points: Uint32Array.from(points), starts, shared };
}
