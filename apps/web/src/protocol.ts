import type { EngineReport } from '@tokenwright/backends';
import type { FinishReason, Json, OptionReport, StopReason, Usage } from '@tokenwright/core';
import type { CachedModel } from '@tokenwright/loaders';
import type { ChainWarning } from '@tokenwright/samplers';
import type { EngineChoice, ModelChoice, Settings, Stage } from './settings.ts';

/** The commands of the worker: input, progress events and result. All of them survive structuredClone. */
export interface Commands {
  /** Start an engine, load a model on it, and release the previous ones. */
  open: { input: { engine: EngineChoice; model: ModelChoice }; event: LoadProgress; output: SessionInfo };
  generate: { input: Settings; event: RunEvent; output: RunEnd };
  /** Two chains on the same seed. */
  compare: { input: Settings; event: never; output: Comparison };
  /** The same text with a cache and without, alternating token by token. */
  race: { input: { prompt: string; tokens: number }; event: RaceStep; output: { same: boolean } };
  /** Problems of and warnings about the chains of the settings, before they run. */
  check: { input: Settings; event: never; output: ChainReports };
  memory: { input: undefined; event: never; output: MemoryReport };
  /** The models from the Hugging Face Hub that this browser keeps. */
  cached: { input: undefined; event: never; output: readonly CachedModel[] };
  /** Remove one of them. */
  forget: { input: { name: string }; event: never; output: readonly CachedModel[] };
}

export type Command = keyof Commands;
export type Input<Name extends Command> = Commands[Name]['input'];
export type Event<Name extends Command> = Commands[Name]['event'];
export type Output<Name extends Command> = Commands[Name]['output'];

/** Page to worker. */
export type ToWorker =
  | { [Name in Command]: { type: 'call'; id: number; command: Name; input: Input<Name> } }[Command]
  | { readonly type: 'cancel'; readonly id: number };

/** Worker to page. */
export type ToPage =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly output: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  /** User code has started or ended. The page terminates a worker in which it runs for too long. */
  | { readonly type: 'user-code'; readonly running: boolean };

export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Position in the custom sampler or in a grammar, from 1. */
  readonly line?: number;
  readonly column?: number;
  /** The place in a JSON Schema: '#/properties/age'. */
  readonly pointer?: string;
}

export interface LoadProgress {
  readonly step: string;
  /** Bytes. */
  readonly loaded?: number;
  readonly total?: number;
}

export interface SessionInfo {
  readonly engine: EngineInfo;
  readonly model: ModelInfo;
  readonly presets: readonly Preset[];
  /** The chain that a run uses when the settings have none. */
  readonly defaultChain: readonly Stage[];
}

/** A chain to start from. */
export interface Preset {
  readonly name: string;
  readonly chain: readonly Stage[];
}

/** What the engine policy chose, what it tried, and why. */
export type EngineInfo = EngineReport;

export interface ModelInfo {
  readonly name: string;
  readonly layers: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly bytes: number;
  readonly loadMilliseconds: number;
  /** What was unusual about its files, such as a download that this browser cannot keep. */
  readonly notices: readonly string[];
}

/** A token that is among the ten most probable of some distribution, or that was sampled. */
export interface Candidate {
  readonly id: number;
  /** In the model's distribution, then after each stage: one per entry of `distributions`. */
  readonly probabilities: readonly number[];
  readonly removed?: Removed;
}

export interface Removed {
  /** Index in `distributions` of the stage that removed it. */
  readonly stage: number;
  /** How far its logit lay below the smallest that was kept. */
  readonly margin: number;
}

/** A distribution at one place of the chain. */
export interface Distribution {
  /** 'model', or the sampler that produced it. */
  readonly name: string;
  readonly parameters?: Json;
  readonly candidates: number;
  /** In nats. */
  readonly entropy: number;
  readonly removedMass: number;
  readonly removedCount: number;
}

/** A generated token and how it was chosen. */
export interface TokenReport {
  readonly id: number;
  /** What it added to the text. */
  readonly piece: string;
  /** By the model, before any sampler; natural logarithm. */
  readonly logprob: number;
  readonly rank: number;
  /** After the whole chain. */
  readonly probability: number;
  /** The model's, then one per stage. */
  readonly distributions: readonly Distribution[];
  readonly candidates: readonly Candidate[];
  /** Since the token before, or since the call. */
  readonly milliseconds: number;
  readonly cache?: CacheReport;
  /** With a grammar: where the text was before the token and after it. */
  readonly grammar?: { readonly before: GrammarPoint; readonly after: GrammarPoint };
}

/** A place of a text in its grammar, and what may follow. */
export interface GrammarPoint {
  /** A JSON pointer of the schema, or the name of a rule. */
  readonly at: string;
  /** Tokens that fit, end tokens included. With one, it is forced. */
  readonly allowed: number;
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** The characters that may follow, as ranges: 'a–z', '"'. */
  readonly characters: readonly string[];
  /** The text that must follow, as far as there is one way. */
  readonly forced: string;
}

/** What the page shows of a grammar before a run. */
export interface GrammarReport {
  readonly problem?: Failure;
  /** What the text may begin with. */
  readonly first?: GrammarPoint;
}

export interface CacheReport {
  readonly tokens: number;
  readonly bytes: number;
}

/** What a strategy reports about one step, by kind. */
export type StepReport = BeamStep | DraftRound | ContrastStep;

export interface BeamStep {
  readonly kind: 'beams';
  readonly live: readonly Hypothesis[];
  readonly finished: readonly Hypothesis[];
  readonly died: readonly Hypothesis[];
}

export interface Hypothesis {
  readonly ids: readonly number[];
  readonly score: number;
  readonly parent?: number;
}

export interface DraftRound {
  readonly kind: 'draft';
  readonly drafted: readonly number[];
  readonly accepted: number;
}

/** Expert and amateur probabilities at one position, for the tokens that matter to either. */
export interface ContrastStep {
  readonly kind: 'contrast';
  readonly id: number;
  readonly expertName: string;
  readonly amateurName: string;
  readonly rows: readonly ContrastRow[];
}

export interface ContrastRow {
  readonly id: number;
  /** Natural logarithms; null where the probability is 0. */
  readonly expert: number | null;
  readonly amateur: number | null;
  readonly combined: number | null;
}

export type RunEvent =
  | { readonly type: 'texts'; readonly texts: Readonly<Record<number, string>> }
  | { readonly type: 'token'; readonly token: TokenReport }
  | { readonly type: 'step'; readonly step: StepReport };

export interface RunEnd {
  readonly finishReason: FinishReason;
  readonly stopReason?: StopReason;
  readonly text: string;
  readonly tail: string;
  readonly score?: number;
  readonly usage: Usage;
  readonly timing: { readonly prefill: number; readonly total: number; readonly perToken: number };
  readonly options: OptionReport;
  readonly chain: string;
  readonly cache?: CacheReport;
  readonly contextLength: number;
}

export interface Comparison {
  readonly seed: number;
  readonly texts: Readonly<Record<number, string>>;
  readonly first: readonly TokenReport[];
  readonly second: readonly TokenReport[];
  /** First token in which they differ. */
  readonly parting: number | undefined;
  /** The differences between the chains, one stage per line. */
  readonly differences: string;
}

export interface RaceStep {
  readonly series: 'cached' | 'naive';
  readonly position: number;
  readonly milliseconds: number;
}

export interface StageProblem extends Failure {
  /** Index in the settings' list. */
  readonly stage: number;
}

export interface ChainReport {
  readonly problems: readonly StageProblem[];
  /** `stage` is the index in the settings' list. */
  readonly warnings: readonly ChainWarning[];
  readonly printed: string;
}

export interface ChainReports {
  readonly chain: ChainReport;
  readonly other: ChainReport;
  /** Absent while no grammar applies. */
  readonly grammar?: GrammarReport;
}

export interface MemoryReport {
  /** Of weights, caches and results. */
  readonly bytes: number;
  readonly buffers: number;
  /** Of TensorFlow.js, on all its backends. */
  readonly tensors: number;
}
