/** Ctrl-C and a request to end: the first one ends the work in good order, the second one at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #status: number | undefined;

  constructor() {
    for (const [name, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)
      process.on(name, () => {
        if (this.#status !== undefined) process.exit(status);
        this.#status = status;
        this.#controller.abort();
      });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The status to leave with, once it has come to that. */
  get status(): number | undefined {
    return this.#status;
  }
}

/** The one of this process. */
export const interrupt: Interrupt = new Interrupt();
