/** Ctrl-C and a request to end: the first one ends the work in good order, the second one at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #status: number | undefined;
  #captured: (() => void) | undefined;

  constructor() {
    for (const [name, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)
      process.on(name, () => {
        if (name === 'SIGINT' && this.#captured !== undefined) {
          this.#captured();
          return;
        }
        if (this.#status !== undefined) process.exit(status);
        this.#status = status;
        this.#controller.abort();
      });
  }

  /** Aborted when the program is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit status, once the process is to end. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Until the returned function is called, Ctrl-C does this and nothing else. */
  capture(onInterrupt: () => void): () => void {
    this.#captured = onInterrupt;
    return () => {
      this.#captured = undefined;
    };
  }
}

/** The one of this process. */
export const interrupt: Interrupt = new Interrupt();
