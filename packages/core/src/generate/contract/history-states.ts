import { windowStart } from '../../model/context-window.ts';
import { History } from '../../sampling/history.ts';

/** The histories that end at each of the last `count` positions, oldest first. */
export function lastStates(history: History, count: number): History[] {
  const states = [history];
  for (let node = history; states.length < count; states.unshift(node))
    node = node.parent ?? History.of(node.tokens.subarray(0, -1));
  return states.slice(states.length - count);
}

/** The histories that follow one another from `start` tokens, exclusive, to `history`. */
export function statesAfter(history: History, start: number): History[] {
  return lastStates(history, Math.max(1, history.length - start)).slice(history.length > start ? 0 : 1);
}

/**
 * The tokens that a model sees: see `windowStart`.
 *
 * @param contextLength Infinity when nothing is to be forgotten.
 */
export function windowOf(history: History, contextLength: number): Int32Array {
  return history.tokens.subarray(windowStart(history.length, contextLength));
}
