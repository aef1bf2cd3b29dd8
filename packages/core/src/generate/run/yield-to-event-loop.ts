/**
 * Let the event loop turn when the last turn was a while ago. A model that computes synchronously resolves its promises
 * in one turn, so without this no timer, no key press and no abort would come through.
 */
export class EventLoopYielder {
  readonly #interval: number;
  #last: number = performance.now();

  /** @param interval milliseconds of work between two turns. */
  constructor(interval = 8) {
    this.#interval = interval;
  }

  async yieldToEventLoop(): Promise<void> {
    if (performance.now() - this.#last < this.#interval) return;
    await turn();
    this.#last = performance.now();
  }
}

function turn(): Promise<void> {
  // A timer of 0 costs milliseconds in browsers; a message does not.
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => void };
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
