import { computed, type Signal, signal } from '@preact/signals';
import type { CachedModel } from '@tokenwright/loaders';
import type { Chain } from '../chain/edit.ts';
import type {
  ChainReports,
  Comparison,
  Failure,
  LoadProgress,
  MemoryReport,
  RaceStep,
  RunEnd,
  SessionInfo,
  StepReport,
  TokenReport,
} from '../protocol.ts';
import { defaults, type ModelChoice, type Settings } from '../settings.ts';

/** The current generation. */
export interface RunState {
  readonly settings: Settings;
  readonly status: 'running' | 'done' | 'failed';
  readonly tokens: readonly TokenReport[];
  readonly steps: readonly StepReport[];
  readonly texts: ReadonlyMap<number, string>;
  readonly end?: RunEnd;
  readonly failure?: Failure;
}

export type SessionState =
  | { readonly status: 'loading'; readonly progress: LoadProgress; readonly before?: SessionInfo }
  | { readonly status: 'ready'; readonly info: SessionInfo }
  | { readonly status: 'failed'; readonly failure: Failure; readonly before?: SessionInfo };

export interface RaceState {
  readonly status: 'running' | 'done' | 'failed';
  readonly steps: readonly RaceStep[];
  readonly same?: boolean;
  readonly failure?: Failure;
}

export type CompareState =
  | { readonly status: 'running' }
  | { readonly status: 'done'; readonly result: Comparison }
  | { readonly status: 'failed'; readonly failure: Failure };

export const settings: Signal<Settings> = signal(defaults);
export const modelChoice: Signal<ModelChoice> = signal({ kind: 'demo', name: 'story' });
export const session: Signal<SessionState> = signal({ status: 'loading', progress: { step: 'Starting' } });
export const run: Signal<RunState | undefined> = signal(undefined);
/** Index of the token that is inspected. */
export const selected: Signal<number | undefined> = signal(undefined);
/** Whether a click selected it. It then stays selected while other tokens arrive. */
export const pinned: Signal<boolean> = signal(false);
export const reports: Signal<ChainReports | undefined> = signal(undefined);
export const comparison: Signal<CompareState | undefined> = signal(undefined);
export const race: Signal<RaceState | undefined> = signal(undefined);
export const memory: Signal<MemoryReport | undefined> = signal(undefined);
/** Models from the Hugging Face Hub that the browser keeps. */
export const cached: Signal<readonly CachedModel[]> = signal([]);
/** Generate again when something changes. */
export const live: Signal<boolean> = signal(false);
/** Code of the custom sampler that did not end. */
export const endlessCode: Signal<string | undefined> = signal(undefined);
/** A message that is shown until it is dismissed. */
export const notice: Signal<Failure | undefined> = signal(undefined);

/** Whether a model is loaded: the previous one counts when another could not be opened. */
export const usable = computed(
  () => session.value.status === 'ready' || (session.value.status === 'failed' && session.value.before !== undefined),
);
/** The loaded model and engine, also while another model is loading. */
export const loaded = computed(() => (session.value.status === 'ready' ? session.value.info : session.value.before));
/** The sampler chain in force; undefined while it is the checkpoint's and none is loaded. */
export const chain = computed((): Chain | undefined => settings.value.chain ?? loaded.value?.defaultChain);
export const busy = computed(
  () => run.value?.status === 'running' || comparison.value?.status === 'running' || race.value?.status === 'running',
);
export const selectedToken = computed(() =>
  selected.value === undefined ? undefined : run.value?.tokens[selected.value],
);

/** Change some of the settings. */
export function change(part: Partial<Settings>): void {
  settings.value = { ...settings.value, ...part };
}
