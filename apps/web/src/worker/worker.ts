import { cachedModels, removeCachedModel } from '@tokenwright/loaders';
import type { Commands } from '../protocol.ts';
import { ChainBuilder } from './chain-builder.ts';
import { failureOf } from './failure.ts';
import { type Port, serve } from './port.ts';
import { compare, race, run } from './runs.ts';
import { Session } from './session.ts';

const port = globalThis as unknown as Port;

let open: { readonly session: Session; readonly chains: ChainBuilder } | undefined;
/** Calls that use the model run one after another, because they share a cache. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = last.then(work, work);
  last = result.catch(() => {});
  return result;
}

function current(): NonNullable<typeof open> {
  if (open === undefined) throw new Error('No model is loaded yet.');
  return open;
}

serve(
  port,
  {
    open: (input, context) =>
      inTurn(async () => {
        const session = await Session.open(input, open?.session, context);
        const watch = (running: boolean): void => port.postMessage({ type: 'user-code', running });
        open = { session, chains: new ChainBuilder(session, watch) };
        return session.info;
      }),
    generate: (settings, context) => inTurn(() => run(current().session, current().chains, settings, context)),
    compare: (settings, { signal }) => inTurn(() => compare(current().session, current().chains, settings, signal)),
    race: (input, context) => inTurn(() => race(current().session, input, context)),
    // Runs at once, so that the page can check settings during a run.
    check: async (settings): Promise<Commands['check']['output']> => {
      const { chains } = current();
      const grammar = chains.grammars.report(settings.grammar);
      return {
        chain: await chains.report(settings.chain, settings),
        other: await chains.report(settings.other, settings),
        ...(grammar === undefined ? {} : { grammar }),
      };
    },
    cached: () => cachedModels(),
    forget: async ({ name }) => {
      await removeCachedModel(name);
      return cachedModels();
    },
    memory: () => inTurn(async () => current().session.memory()),
  },
  failureOf,
);
