/**
 * Called with one sentence about a feature that is unavailable on this machine, such as threads that a page forbids.
 */
export type OnNotice = (message: string) => void;

const printed: Set<string> = new Set();

/** The default: one line on the console, once per message. */
export const printNotice: OnNotice = (message) => {
  if (printed.has(message)) return;
  printed.add(message);
  console.warn(`Tokenwright: ${message}`);
};
