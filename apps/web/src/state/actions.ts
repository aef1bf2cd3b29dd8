import { batch } from '@preact/signals';
import type { Chain } from '../chain/edit.ts';
import { CallError, WorkerClient } from '../client/worker-client.ts';
import type { Failure, RunEvent } from '../protocol.ts';
import type { ModelChoice } from '../settings.ts';
import { Frames } from './frames.ts';
import * as store from './store.ts';

const client = new WorkerClient(
  () => new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module', name: 'tokenwright' }),
  (reason) => {
    const isEndless = reason.name === 'UserCodeTimeout';
    batch(() => {
      store.notice.value = reason;
      store.session.value = { status: 'failed', failure: reason };
      // The check of the chains runs its code, too: what stays in force would end the next worker as well.
      if (isEndless) switchCodeOff();
    });
    // The model is lost with the worker. Load it again, unless loading itself failed.
    if (isEndless) void open();
  },
);

/** Switch the custom sampler off in both chains, and remember its code as endless. */
function switchCodeOff(): void {
  const { chain, other, code } = store.settings.value;
  const without = (stages: Chain): Chain =>
    stages.map((stage) => (stage.name === 'custom' ? { ...stage, on: false } : stage));
  store.endlessCode.value = code;
  store.change({ chain: chain && without(chain), other: without(other) });
}

function failureOf(error: unknown): Failure {
  if (error instanceof CallError) return error.failure;
  return { name: 'Error', message: error instanceof Error ? error.message : String(error) };
}

/** Ends the run in progress. */
let current: AbortController | undefined;

/** Ends the loading in progress. */
let opening: AbortController | undefined;

/** Load a model on the engine of the settings. The previous model stays until that has succeeded. */
export async function open(model: ModelChoice = store.modelChoice.value): Promise<void> {
  stop();
  opening?.abort();
  const controller = new AbortController();
  opening = controller;
  const info = store.loaded.value;
  const before = info === undefined ? {} : { before: info };
  store.session.value = { status: 'loading', progress: { step: 'Starting' }, ...before };
  // Only a page can ask the browser to keep what it stores; the download is in the worker.
  if (model.kind === 'hub') void navigator.storage?.persist?.().catch(() => {});
  try {
    const { engine } = store.settings.value;
    const opened = await client.call(
      'open',
      { engine, model },
      {
        signal: controller.signal,
        onEvent: (progress) => {
          if (opening === controller) store.session.value = { status: 'loading', progress, ...before };
        },
      },
    );
    if (opening !== controller) return;
    batch(() => {
      store.session.value = { status: 'ready', info: opened };
      store.modelChoice.value = model;
      store.change({ model: model.name });
      // Errors of another model say nothing about this one.
      if (store.run.value?.status === 'failed') store.run.value = undefined;
      if (store.comparison.value?.status === 'failed') store.comparison.value = undefined;
      if (store.race.value?.status === 'failed') store.race.value = undefined;
    });
    await check();
    await measure();
  } catch (error) {
    if (opening === controller) store.session.value = { status: 'failed', failure: failureOf(error), ...before };
  }
}

/** Cancel the loading in progress. The previous model stays loaded. */
export function cancelOpening(): void {
  const { value } = store.session;
  if (value.status !== 'loading' || value.before === undefined) return;
  opening?.abort();
  opening = undefined;
  store.session.value = { status: 'ready', info: value.before };
}

/** Generate with the settings as they are now. */
export async function generate(): Promise<void> {
  stop();
  const controller = new AbortController();
  current = controller;
  const { value: settings } = store.settings;
  batch(() => {
    store.notice.value = undefined;
    store.run.value = { settings, status: 'running', tokens: [], steps: [], texts: new Map() };
    store.selected.value = undefined;
    store.pinned.value = false;
  });
  const frames = new Frames<RunEvent>((events) => {
    if (current === controller) take(events);
  });
  controller.signal.addEventListener('abort', () => frames.flush());
  try {
    const end = await client.call('generate', settings, {
      signal: controller.signal,
      onEvent: (event) => frames.push(event),
    });
    frames.flush();
    if (current !== controller) return;
    batch(() => {
      store.run.value = { ...store.run.value!, status: 'done', end };
      if (!store.pinned.value) store.selected.value = leastProbable();
    });
  } catch (error) {
    frames.flush();
    if (current === controller) store.run.value = { ...store.run.value!, status: 'failed', failure: failureOf(error) };
  } finally {
    if (current === controller) current = undefined;
  }
  await measure();
}

/** End the run in progress. The tokens so far stay. */
export function stop(): void {
  const controller = current;
  if (controller === undefined) return;
  controller.abort();
  current = undefined;
  const { value } = store.run;
  batch(() => {
    if (value?.status === 'running') store.run.value = { ...value, status: 'done' };
    if (store.comparison.value?.status === 'running') store.comparison.value = undefined;
    if (store.race.value?.status === 'running') store.race.value = { ...store.race.value, status: 'done' };
  });
}

export async function compare(): Promise<void> {
  stop();
  const controller = new AbortController();
  current = controller;
  store.comparison.value = { status: 'running' };
  try {
    const result = await client.call('compare', store.settings.value, { signal: controller.signal });
    if (current === controller) store.comparison.value = { status: 'done', result };
  } catch (error) {
    if (current === controller) store.comparison.value = { status: 'failed', failure: failureOf(error) };
  } finally {
    if (current === controller) current = undefined;
  }
}

export async function race(tokens: number): Promise<void> {
  stop();
  const controller = new AbortController();
  current = controller;
  store.race.value = { status: 'running', steps: [] };
  const { prompt } = store.settings.value;
  try {
    const { same } = await client.call(
      'race',
      { prompt, tokens },
      {
        signal: controller.signal,
        onEvent: (step) => {
          const { value } = store.race;
          if (current === controller && value !== undefined)
            store.race.value = { ...value, steps: [...value.steps, step] };
        },
      },
    );
    if (current === controller) store.race.value = { ...store.race.value!, status: 'done', same };
  } catch (error) {
    if (current === controller)
      store.race.value = { ...store.race.value!, status: 'failed', failure: failureOf(error) };
  } finally {
    if (current === controller) current = undefined;
  }
}

/** Check the chains of the current settings. */
export async function check(): Promise<void> {
  if (!store.usable.value) return;
  try {
    store.reports.value = await client.call('check', store.settings.value);
  } catch {
    // The worker was terminated. The notice gives the reason.
    store.reports.value = undefined;
  }
}

export async function measure(): Promise<void> {
  if (!store.usable.value) return;
  store.memory.value = await client.call('memory', undefined).catch(() => undefined);
}

function take(events: readonly RunEvent[]): void {
  const { value } = store.run;
  if (value === undefined) return;
  const tokens = [...value.tokens];
  const steps = [...value.steps];
  const texts = new Map(value.texts);
  for (const event of events) {
    if (event.type === 'token') tokens.push(event.token);
    else if (event.type === 'step') steps.push(event.step);
    else for (const [id, text] of Object.entries(event.texts)) texts.set(Number(id), text);
  }
  batch(() => {
    store.run.value = { ...value, tokens, steps, texts };
    if (!store.pinned.value && tokens.length > 0) store.selected.value = tokens.length - 1;
  });
}

/** Index of the least probable token, which is the most interesting one to inspect first. */
function leastProbable(): number | undefined {
  const { tokens } = store.run.value!;
  let least: number | undefined;
  for (const [index, { logprob }] of tokens.entries())
    if (least === undefined || logprob < tokens[least]!.logprob) least = index;
  return least;
}

/** Look up which models from the Hugging Face Hub this browser keeps. */
export async function listCached(): Promise<void> {
  store.cached.value = await client.call('cached', undefined).catch(() => []);
}

export async function forget(name: string): Promise<void> {
  store.cached.value = await client.call('forget', { name }).catch(() => store.cached.value);
}
