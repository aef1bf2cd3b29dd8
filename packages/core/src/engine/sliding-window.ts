/**
 * The first slot that a token sees in a sliding window: itself and the `window - 1` slots before it.
 *
 * @param window in slots; Infinity for no window.
 */
export function firstInWindow(slot: number, window: number): number {
  return Math.max(0, slot - window + 1);
}
