/** Handles SIGINT (Ctrl-C) and SIGTERM. The first signal stops the work and lets the command clean up. The second exits immediately. */
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

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit status after a signal; undefined before. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Ctrl-C calls `onInterrupt` and does not stop the program, until the returned function is called. */
  capture(onInterrupt: () => void): () => void {
    this.#captured = onInterrupt;
    return () => {
      this.#captured = undefined;
    };
  }
}

/** The handler of this process. */
export const interrupt: Interrupt = new Interrupt();
