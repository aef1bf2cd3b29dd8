import type { ChatMessage } from '@tokenwright/chat';
import { chainFromJson } from '@tokenwright/samplers';
import { LocalModel } from '../model/local-model.ts';
import { openModel } from '../model/open-model.ts';
import type { Prompt, ScoreCallOptions } from '../model/text-model.ts';
import type { CallOptions } from '../options/call-options.ts';
import type { GenerationStream } from '../output/generation-stream.ts';
import type { LanguageModelSource } from '../sources/find-model.ts';
import { errorToData } from './error-data.ts';
import { type FromWorker, type Method, piecesAhead, type ToWorker } from './messages.ts';

/** A call that is read from the other side. */
interface Served {
  /** Pieces that the reader still takes. */
  credit: number;
  /** Wakes the producer that waits for credit. */
  wake: () => void;
  readonly abort: AbortController;
}

type Call = Extract<ToWorker, { readonly type: 'call' }>;

/** Answers the messages of one page: loads one model, and runs its calls. Returns the receiver of messages. */
export function serve(send: (message: FromWorker) => void): (message: ToWorker) => void {
  const served = new Map<number, Served>();
  const loading = new AbortController();
  let model: LocalModel | undefined;

  const load = async ({ source, options }: Extract<ToWorker, { readonly type: 'load' }>): Promise<void> => {
    const onNotice = (message: string): void => send({ type: 'notice', message });
    try {
      const opened = await openModel(source as LanguageModelSource, {
        ...options,
        signal: loading.signal,
        onProgress: (progress) => send({ type: 'progress', progress }),
        onNotice,
      });
      model = new LocalModel(opened, onNotice);
      send({ type: 'loaded', info: model.info });
    } catch (error) {
      send({ type: 'error', id: 0, error: errorToData(error) });
    }
  };

  const run = async (call: Call): Promise<void> => {
    const { id } = call;
    const state: Served = { credit: piecesAhead, wake: () => {}, abort: new AbortController() };
    served.set(id, state);
    try {
      const stream = start(model!, call, state.abort.signal, send);
      if (stream instanceof Promise) {
        send({ type: 'result', id, value: await stream });
        return;
      }
      for await (const text of stream) {
        send({ type: 'piece', id, text });
        state.credit--;
        while (state.credit <= 0)
          await new Promise<void>((resolve) => {
            state.wake = resolve;
          });
      }
      send({ type: 'result', id, value: await stream.result });
    } catch (error) {
      send({ type: 'error', id, error: errorToData(error) });
    } finally {
      served.delete(id);
    }
  };

  const give = (state: Served | undefined, count: number): void => {
    if (state === undefined) return;
    state.credit += count;
    state.wake();
  };

  return (message) => {
    if (message.type === 'load') void load(message);
    else if (message.type === 'call') void run(message);
    else if (message.type === 'read') give(served.get(message.id), message.count);
    else if (message.type === 'cancel') {
      if (message.id === 0) loading.abort();
      const state = served.get(message.id);
      state?.abort.abort();
      give(state, Number.POSITIVE_INFINITY);
    } else {
      for (const state of served.values()) give(state, Number.POSITIVE_INFINITY);
      void (async () => {
        await model?.dispose();
        send({ type: 'disposed' });
      })();
    }
  };
}

/** Calls with pieces are streams; the others are promises. */
function start(
  model: LocalModel,
  { id, method, argument, options, warns }: Call,
  signal: AbortSignal,
  send: (message: FromWorker) => void,
): GenerationStream<unknown> | Promise<unknown> {
  const all: CallOptions = {
    ...options,
    samplers: options.samplers === undefined ? undefined : samplersOf(options.samplers),
    onWarning: warns ? (warning) => send({ type: 'warning', id, warning }) : undefined,
    signal,
  };
  const calls: { readonly [Name in Method]: () => GenerationStream<unknown> | Promise<unknown> } = {
    generate: () => model.generate(argument as Prompt, all),
    stream: () => model.stream(argument as Prompt, all),
    chat: () => model.chat(argument as readonly ChatMessage[], all),
    generateBatch: () => model.generateBatch(argument as readonly Prompt[], all),
    score: () => model.score(argument as Prompt, { ...options, signal } as ScoreCallOptions),
    memory: () => model.memory(),
  };
  return calls[method]();
}

/** Samplers come as JSON; anything else is refused where it is checked. */
function samplersOf(samplers: unknown): never {
  const isJson = Array.isArray(samplers) && samplers.every((one) => typeof one?.sampler === 'string');
  return (isJson ? chainFromJson(samplers) : samplers) as never;
}
