import type { Command, Event, Failure, Input, Output, ToPage, ToWorker } from '../protocol.ts';

/** What the client needs of a Worker. */
export interface WorkerLike {
  postMessage(message: ToWorker): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<ToPage>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface CallOptions<Name extends Command> {
  readonly onEvent?: (event: Event<Name>) => void;
  readonly signal?: AbortSignal;
}

/** A failed call. `name` is that of the error in the worker. */
export class CallError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = failure.name;
    this.failure = failure;
  }
}

interface Pending {
  readonly resolve: (output: never) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: ((event: never) => void) | undefined;
}

/** Maximum time that user code may run without a pause, in milliseconds. */
export const userCodeLimit = 2000;

/**
 * Calls into the worker. A worker in which user code runs for too long is terminated, and its calls fail. `onLost` receives the
 * reason, and the next call starts another worker.
 */
export class WorkerClient {
  readonly #create: () => WorkerLike;
  readonly #onLost: (reason: Failure) => void;
  readonly #pending: Map<number, Pending> = new Map();
  #worker: WorkerLike | undefined;
  #nextId = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(create: () => WorkerLike, onLost: (reason: Failure) => void) {
    this.#create = create;
    this.#onLost = onLost;
  }

  call<Name extends Command>(
    command: Name,
    input: Input<Name>,
    { onEvent, signal }: CallOptions<Name> = {},
  ): Promise<Output<Name>> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#nextId++;
    const cancel = (): void => worker.postMessage({ type: 'cancel', id });
    return new Promise<Output<Name>>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onEvent: onEvent as Pending['onEvent'] });
      worker.postMessage({ type: 'call', id, command, input } as ToWorker);
      if (signal?.aborted === true) cancel();
      else signal?.addEventListener('abort', cancel);
    }).finally(() => signal?.removeEventListener('abort', cancel));
  }

  /** Terminate the worker. Its pending calls fail with this reason. */
  end(reason: Failure): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new CallError(reason));
    this.#onLost(reason);
  }

  #start(): WorkerLike {
    const worker = this.#create();
    worker.onmessage = ({ data }) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.end({ name: 'WorkerError', message: event.message || 'The worker could not be started.' });
    };
    return worker;
  }

  #take(message: ToPage): void {
    if (message.type === 'user-code') {
      clearTimeout(this.#timer);
      if (message.running) this.#timer = setTimeout(() => this.end(tooLong), userCodeLimit);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (message.type === 'event') {
      pending?.onEvent?.(message.event as never);
      return;
    }
    this.#pending.delete(message.id);
    if (message.type === 'done') pending?.resolve(message.output as never);
    else pending?.reject(new CallError(message.failure));
  }
}

const tooLong: Failure = {
  name: 'UserCodeTimeout',
  message: `The custom sampler ran for more than ${userCodeLimit / 1000} seconds, so its worker was ended and the sampler was switched off. The model is loaded again in a new worker.`,
};
