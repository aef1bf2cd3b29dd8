import { type MaskSampler, ParameterError } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { dead, PatternAutomaton } from './pattern-automaton.ts';
import { parsePattern } from './pattern-syntax.ts';
import { isReadable } from './vocabulary.ts';

export interface RegexOptions {
  /** What the whole reply must match. Syntax: see {@link regex}. */
  readonly pattern: string;
  /** What each token adds to a text, by id; see `vocabularyTexts`. */
  readonly texts: readonly string[];
}

/**
 * Keep the tokens with which the reply can still become a match of a regular expression. An end token stays exactly when the
 * reply is a match. So a reply that ends by itself matches; one that a limit cut off is the beginning of a match.
 *
 * The syntax is that of JavaScript's `u` flag without look-around, back references, names, lazy repetitions and anchors inside:
 * characters, `.`, classes, `\d \w \s` and their negations, escapes, groups, `|`, `*`, `+`, `?`, `{m,n}`. The pattern is anchored
 * at both ends. What is not supported raises a PatternError that names the position.
 *
 * The pattern becomes a deterministic automaton; the mask of a state is found by one walk over the vocabulary, kept sorted so that
 * common beginnings are walked once, and is then kept. The state is read from the reply, so branches and rewinds need nothing
 * stored. A token without readable text (a control token, a part of a character) never stays. When the vocabulary cannot
 * spell what comes next, or a match is complete and the run has no end token, the row is empty and the run says so.
 */
export function regex(options: RegexOptions): MaskSampler {
  checkOptionNames('regex', options, ['pattern', 'texts']);
  const { pattern, texts } = options;
  if (typeof pattern !== 'string') throw new ParameterError('regex', 'pattern', 'a string', pattern);
  if (!Array.isArray(texts)) throw new ParameterError('regex', 'texts', 'a list of strings', texts);
  const automaton = new PatternAutomaton(parsePattern(pattern));
  const masks = new Map<number, Uint32Array>();
  return {
    name: 'regex',
    parameters: { pattern },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    mask: ({ history, promptLength, vocabSize, eosTokenIds }) => {
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
}

/** Bits of the tokens after which the pattern can still match. */
function maskOfState(automaton: PatternAutomaton, state: number, texts: readonly string[]): Uint32Array {
  const bits = new Uint32Array(Math.ceil(texts.length / 32));
  const { ids, points, starts, shared } = sortedVocabulary(texts);
  // path[d] is the state after the first d characters of the text at hand; deeper ones belong to the text before.
  const path = [state];
  let alive = 0;
  for (let i = 0; i < ids.length; i++) {
    const start = starts[i]!;
    const length = starts[i + 1]! - start;
    // The text shares with the one before a beginning that is known to be dead.
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

/** The readable texts of a vocabulary in order, as code points one after the other. */
interface SortedVocabulary {
  readonly ids: Int32Array;
  readonly points: Uint32Array;
  /** Where each text begins in `points`, and where the last one ends: [texts + 1]. */
  readonly starts: Int32Array;
  /** How many characters a text has in common with the one before. */
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
