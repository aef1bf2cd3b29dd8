import type { Command, Event, Failure, Input, Output, ToPage, ToWorker } from '../protocol.ts';

export interface CallContext<Name extends Command> {
  readonly signal: AbortSignal;
  emit(event: Event<Name>): void;
}

export type Handlers = {
  readonly [Name in Command]: (input: Input<Name>, context: CallContext<Name>) => Promise<Output<Name>>;
};

/** The worker's side of the message channel. */
export interface Port {
  postMessage(message: ToPage): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

/** Answer the page's calls. Each call ends with exactly one `done` or `failed`. */
export function serve(port: Port, handlers: Handlers, failureOf: (error: unknown) => Failure): void {
  const running = new Map<number, AbortController>();
  port.onmessage = async ({ data }) => {
    if (data.type === 'cancel') {
      running.get(data.id)?.abort();
      return;
    }
    const { id, command, input } = data;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[command] as (input: unknown, context: unknown) => Promise<unknown>;
      const emit = (event: unknown): void => port.postMessage({ type: 'event', id, event });
      const output = await handler(input, { signal: controller.signal, emit });
      port.postMessage({ type: 'done', id, output });
    } catch (error) {
      port.postMessage({ type: 'failed', id, failure: failureOf(error) });
    } finally {
      running.delete(id);
    }
  };
}
