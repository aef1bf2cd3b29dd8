import {
  compareChains,
  encodePrompt,
  type GenerateOptions,
  generate,
  type Sampler,
  type TokenEvent,
} from '@tokenwright/core';
import { diffChains, greedy, printChain, printDifferences } from '@tokenwright/samplers';
import type { Comparison, RaceStep, RunEnd, RunEvent, TokenReport } from '../protocol.ts';
import type { Settings } from '../settings.ts';
import type { ChainBuilder } from './chain-builder.ts';
import { decoderOf } from './decoding.ts';
import type { Grammar } from './grammar.ts';
import { cacheReport, idsOfStep, idsOfToken, stepReport, tokenReport } from './reports.ts';
import type { Session } from './session.ts';
import { Texts } from './texts.ts';

interface Context<Event> {
  readonly signal: AbortSignal;
  emit(event: Event): void;
}

/** Tokens per forward pass of a prompt: few, so that Stop takes effect between passes. */
const prefillChunkSize = 64;

/** Generate, with a full report on each token. */
export async function run(
  session: Session,
  chains: ChainBuilder,
  settings: Settings,
  { signal, emit }: Context<RunEvent>,
): Promise<RunEnd> {
  const grammar = chains.grammars.build(settings.grammar);
  const samplers = constrained(await chains.samplers(settings.chain, settings), grammar);
  const { model, strategy, combined } = await decoderOf(session, settings);
  const cache = combined ? model.createCache() : session.cache;
  const texts = new Texts((id) => session.label(id));
  const sendTexts = (ids: Iterable<number>): void => {
    const found = texts.take(ids);
    if (found !== undefined) emit({ type: 'texts', texts: found });
  };
  const options: GenerateOptions = {
    ...lengths(settings),
    // Without a chain of the settings, the model's defaults apply, and the report names the checkpoint as their source.
    ...(settings.chain === null && grammar === undefined ? {} : { samplers }),
    seed: settings.seed,
    signal,
    cache,
    prefillChunkSize,
    explain: true,
    logprobs: true,
    steps: true,
    // The page shows warnings beside the stages.
    onWarning: () => {},
    tokenizer: session.tokenizer,
    ...(strategy === undefined ? {} : { strategy }),
  };
  try {
    let last = performance.now();
    let state = grammar?.initial;
    for await (const event of generate(model, encodePrompt(session.tokenizer, settings.prompt), options)) {
      if (event.type === 'token') {
        const now = performance.now();
        const place = grammar && placesOf(grammar, state, event.id);
        const token = { ...tokenReport(event, now - last, cacheReport(cache)), ...(place && { grammar: place }) };
        state = grammar?.after(state, event.id);
        sendTexts(idsOfToken(token));
        emit({ type: 'token', token });
        last = performance.now();
      } else if (event.type === 'step') {
        const step = stepReport(event);
        if (step === undefined) continue;
        sendTexts(idsOfStep(step));
        emit({ type: 'step', step });
      } else {
        const { finishReason, stopReason, text = '', tail = '', score, usage, timing, options: report } = event;
        return {
          finishReason,
          ...(stopReason === undefined ? {} : { stopReason }),
          text,
          tail,
          ...(score === undefined ? {} : { score }),
          usage,
          timing,
          options: JSON.parse(JSON.stringify(report)),
          chain: printChain(samplers),
          cache: cacheReport(cache),
          contextLength: model.contextLength,
        };
      }
    }
    throw new Error('The generation ended without an end event.');
  } finally {
    if (combined) cache.dispose();
  }
}

/** The chain of a run: the grammar comes first. */
function constrained(samplers: readonly Sampler[], grammar: Grammar | undefined): readonly Sampler[] {
  return grammar === undefined ? samplers : [grammar.sampler, ...samplers];
}

/** Where the text is before a token and after it. */
function placesOf(grammar: Grammar, state: unknown, id: number): TokenReport['grammar'] {
  const after = grammar.after(state, id);
  return state === undefined || after === undefined
    ? undefined
    : { before: grammar.point(state), after: grammar.point(after) };
}

/** Run the two chains of the settings on the same seed. */
export async function compare(
  session: Session,
  chains: ChainBuilder,
  settings: Settings,
  signal: AbortSignal,
): Promise<Comparison> {
  const grammar = chains.grammars.build(settings.grammar);
  const first = constrained(await chains.samplers(settings.chain, settings), grammar);
  const second = constrained(await chains.samplers(settings.other, settings), grammar);
  const { model } = session.loaded;
  const found = await compareChains(model, encodePrompt(session.tokenizer, settings.prompt), [first, second], {
    ...lengths(settings),
    seed: settings.seed,
    signal,
    onWarning: () => {},
    logprobs: true,
    tokenizer: session.tokenizer,
  });
  const reports = (events: readonly TokenEvent[]) => events.map((event) => tokenReport(event, 0, undefined));
  const [left, right] = [reports(found.first), reports(found.second)];
  return {
    seed: found.seed,
    texts: new Texts((id) => session.label(id)).take([...left, ...right].flatMap(idsOfToken)) ?? {},
    first: left,
    second: right,
    parting: found.parting,
    differences: printDifferences(diffChains(first, second)),
  };
}

/** Generate the same tokens greedily with a cache and without, alternating, and time each token. */
export async function race(
  session: Session,
  { prompt, tokens }: { prompt: string; tokens: number },
  { signal, emit }: Context<RaceStep>,
): Promise<{ same: boolean }> {
  const { model } = session.loaded;
  const ids = encodePrompt(session.tokenizer, prompt);
  const kinds = [
    ['cached', 'static'],
    ['naive', 'none'],
  ] as const;
  const runners = kinds.map(([series, cache]) => ({
    series,
    written: [] as number[],
    events: generate(model, ids, { samplers: [greedy()], maxNewTokens: tokens, eosTokenIds: [], cache, signal }),
  }));
  try {
    for (let position = 0; position < tokens && !signal.aborted; position++)
      for (const { series, events, written } of runners) {
        const began = performance.now();
        const { value } = await events.next();
        if (value?.type !== 'token') return { same: sameSoFar(runners) };
        written.push(value.id);
        emit({ series, position: ids.length + position, milliseconds: performance.now() - began });
      }
    return { same: sameSoFar(runners) };
  } finally {
    for (const { events } of runners) await events.return();
  }
}

function sameSoFar(runners: readonly { readonly written: readonly number[] }[]): boolean {
  const shortest = Math.min(...runners.map(({ written }) => written.length));
  const [first, ...rest] = runners.map(({ written }) => written.slice(0, shortest).join());
  return rest.every((text) => text === first);
}

function lengths({ maxNewTokens, ignoreEnd, grammar }: Settings): GenerateOptions {
  // A text of a grammar can only end by the end token.
  return { maxNewTokens, ...(ignoreEnd && !grammar.on ? { eosTokenIds: [] } : {}) };
}
