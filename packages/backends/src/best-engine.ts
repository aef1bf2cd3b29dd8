import { type Engine, EngineUnavailableError, ParameterError } from '@tokenwright/core';
import { checkFunction, checkInteger, checkList, checkNumber, readOptions } from '@tokenwright/core/options';
import { type Candidate, candidateOf, type EngineName, engineNames } from './engine-candidates.ts';
import { type EngineStarter, isStarter } from './engine-starter.ts';
import { formatFor, type WeightFormat, type WeightOption, weightOptions } from './graph/weight-format.ts';
import { type OnNotice, printNotice } from './notice.ts';

/** Options of {@link bestEngine}. */
export interface BestEngineOptions {
  /** Bytes of the model's weights as stored. Default: 0, which means that they are not known. */
  readonly modelBytes?: number;
  /** Parameters of the model. Default: `modelBytes / 2`, as for a checkpoint of 16-bit numbers. */
  readonly parameters?: number;
  /**
   * The weight format of matrices. Default 'auto': '8-bit' for models of more than 100 million parameters, 'f32' for
   * smaller ones. With a format other than 'f32', only the fused engines are tried.
   */
  readonly weights?: WeightOption;
  /**
   * Number of threads of the fused WebAssembly engine. When given, it is the only engine that is tried. Default: as
   * many as the machine has, at most 8.
   */
  readonly threads?: number;
  /**
   * What to try, in this order, by name or as a starter. Default: `fused-wasm`, then `fused-webgpu` on a hardware GPU,
   * then the `fallbacks`. When `fused-webgpu` is listed by name, it also starts on a software driver.
   */
  readonly candidates?: readonly (EngineName | EngineStarter)[];
  /**
   * Tried after the fused engines when `candidates` is absent. Default: `tfjs-wasm` and `tfjs-cpu` in Node, where those
   * packages are installed; none elsewhere, because a bundle contains only the packages that it imports. In a browser,
   * pass `[tfjs({ backend: 'wasm' })]`.
   */
  readonly fallbacks?: readonly (EngineName | EngineStarter)[];
  /** Called with the reason for each engine before the chosen one that is not used. */
  readonly onSkipped?: (engine: string, reason: Error) => void;
  /**
   * Called with one sentence when a feature of the engine is unavailable, such as threads. Default: `console.warn`,
   * once per message.
   */
  readonly onNotice?: OnNotice;
}

/** The outcome of a candidate. `untried`: an earlier candidate was chosen. */
export interface EngineAttempt {
  readonly engine: string;
  readonly outcome: 'chosen' | 'unsuited' | 'failed' | 'untried';
  readonly reason: string;
}

/** What {@link bestEngine} chose, and why. */
export interface EngineReport {
  /** Name of the engine. */
  readonly engine: string;
  /** The reason, as a sentence. */
  readonly reason: string;
  /** The weight format. 'auto' when `parameters` was not given: the format is then chosen when the model is loaded. */
  readonly weights: WeightOption;
  /** Number of threads; 1 when the engine does not report it. */
  readonly threads: number;
  /** All candidates, in order. */
  readonly attempts: readonly EngineAttempt[];
  /** Features that are unavailable on this machine, one sentence each. */
  readonly notices: readonly string[];
  /** One line for a log: engine, weights, threads, and the reason. */
  readonly summary: string;
}

/** A started engine and the report. The caller disposes of the engine. */
export interface BestEngine {
  readonly engine: Engine;
  readonly report: EngineReport;
}

const optionNames: Readonly<Record<keyof BestEngineOptions, true>> = {
  modelBytes: true,
  parameters: true,
  weights: true,
  threads: true,
  candidates: true,
  fallbacks: true,
  onSkipped: true,
  onNotice: true,
};

/**
 * Starts the engine that is expected to be the fastest on this machine for a model of this size.
 *
 * The order: the fused WebAssembly engine when the model fits in 4 GiB; the fused WebGPU engine on a hardware GPU;
 * TensorFlow.js, where it is installed. WebGPU comes first only on request, with `candidates: ['fused-webgpu',
 * 'fused-wasm']`, because its speed on graphics cards has not been measured yet. Weights are 8-bit above 100 million
 * parameters.
 *
 * @throws EngineUnavailableError when no engine starts, with the reason of each; ParameterError for a value that is not allowed;
 * UnknownOptionError for an unknown option.
 *
 * @example
 * ```ts
 * import { bestEngine } from '@tokenwright/backends';
 *
 * const { engine, report } = await bestEngine({ modelBytes: 269e6, parameters: 135e6 });
 * console.log(report.summary); // fused wasm, 8-bit weights, 8 threads: it is the first choice for a model that fits in 4 GiB
 * ```
 */
export async function bestEngine(given: BestEngineOptions = {}): Promise<BestEngine> {
  const options = readOptions('bestEngine', given, Object.keys(optionNames));
  const { candidates, weights, exact } = plan(options);
  const { onSkipped } = options;
  const attempts: EngineAttempt[] = [];
  const causes: Error[] = [];
  const skip = (engine: string, outcome: 'unsuited' | 'failed', cause: Error): void => {
    attempts.push({ engine, outcome, reason: reasonOf(cause) });
    causes.push(cause);
    onSkipped?.(engine, cause);
  };
  for (const [index, { starter, unsuited }] of candidates.entries()) {
    const { name } = starter;
    if (unsuited !== undefined) {
      skip(name, 'unsuited', new EngineUnavailableError([{ engine: name, reason: unsuited }]));
      continue;
    }
    let engine: Engine;
    try {
      engine = await starter.start();
    } catch (error) {
      skip(name, 'failed', error instanceof Error ? error : new Error(String(error)));
      continue;
    }
    const reason = reasonFor(options, index, attempts);
    const rest = candidates.slice(index + 1).map(
      (other): EngineAttempt => ({
        engine: other.starter.name,
        outcome: other.unsuited === undefined ? 'untried' : 'unsuited',
        reason: other.unsuited ?? `${name} comes before it and started`,
      }),
    );
    const threads = (engine as { readonly threads?: number }).threads ?? 1;
    const held = engine.name.startsWith('tfjs') ? 'f32' : (exact ?? weights);
    return {
      engine,
      report: {
        engine: engine.name,
        reason,
        weights: held,
        threads,
        attempts: [...attempts, { engine: name, outcome: 'chosen', reason }, ...rest],
        notices: engine.notices ?? [],
        summary: `${engine.name}, ${weightsText(held)}, ${threads} thread${threads === 1 ? '' : 's'}: ${reason}`,
      },
    };
  }
  throw new EngineUnavailableError(
    attempts.map(({ engine, reason }) => ({ engine, reason })),
    { cause: causes },
  );
}

interface Plan {
  readonly candidates: readonly Candidate[];
  readonly weights: WeightOption;
  /** The weight format for a known number of parameters. */
  readonly exact: WeightFormat | undefined;
}

function plan(options: BestEngineOptions): Plan {
  const owner = 'bestEngine';
  const { modelBytes = 0, weights = 'auto', threads, onNotice = printNotice, onSkipped } = options;
  checkNumber(owner, 'modelBytes', modelBytes, 'a number of bytes, 0 when unknown', (bytes) => bytes >= 0);
  if (options.parameters !== undefined)
    checkNumber(owner, 'parameters', options.parameters, 'a number of at least 0', (count) => count >= 0);
  if (!weightOptions.includes(weights))
    throw new ParameterError(owner, 'weights', `one of ${weightOptions.join(', ')}`, weights);
  if (threads !== undefined) checkInteger(owner, 'threads', threads, 1, 64);
  checkFunction(owner, 'onNotice', onNotice);
  if (onSkipped !== undefined) checkFunction(owner, 'onSkipped', onSkipped);
  if (options.candidates !== undefined && options.fallbacks !== undefined)
    throw new ParameterError(owner, 'fallbacks', 'absent when candidates are given', options.fallbacks);
  const named = checkCandidates(owner, 'candidates', options.candidates);
  const fallbacks = checkCandidates(owner, 'fallbacks', options.fallbacks) ?? defaultFallbacks();

  const parameters = options.parameters ?? modelBytes / 2;
  const exact = weights === 'auto' && options.parameters === undefined ? undefined : formatFor(weights, parameters);
  const setting = { parameters, weights, format: formatFor(weights, parameters), threads, onNotice };
  const candidates = (named ?? ['fused-wasm', 'fused-webgpu', ...fallbacks]).map(
    (candidate): Candidate =>
      typeof candidate === 'string'
        ? candidateOf(candidate, { ...setting, named: named !== undefined })
        : { starter: candidate },
  );
  return { candidates, weights, exact };
}

function checkCandidates(
  owner: string,
  option: string,
  candidates: readonly (EngineName | EngineStarter)[] | undefined,
): readonly (EngineName | EngineStarter)[] | undefined {
  if (candidates === undefined) return undefined;
  const allowed = `a list of ${engineNames.join(', ')}, or engine starters`;
  const item = (candidate: unknown): EngineName | EngineStarter => {
    if (typeof candidate === 'string' ? engineNames.includes(candidate as EngineName) : isStarter(candidate))
      return candidate as EngineName | EngineStarter;
    throw new ParameterError(owner, option, allowed, candidate);
  };
  return checkList(owner, option, candidates, allowed, { least: option === 'candidates' ? 1 : 0, item });
}

/** In Node, TF.js packages are looked up by name. A browser bundle contains only what it imports. */
function defaultFallbacks(): readonly EngineName[] {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined ? [] : ['tfjs-wasm', 'tfjs-cpu'];
}

function reasonFor({ candidates }: BestEngineOptions, index: number, before: readonly EngineAttempt[]): string {
  if (index > 0)
    return `it is the first that suits the model and starts; not used: ${before.map(({ engine, reason }) => `${engine} (${reason})`).join('; ')}`;
  return candidates === undefined
    ? 'it is the first choice for a model that fits in 4 GiB'
    : 'it is the first of the candidates that were asked for';
}

/** The reason of the cause, when the error only wraps one. */
function reasonOf(error: Error): string {
  return EngineUnavailableError.isInstance(error) && error.tried.length === 1 ? error.tried[0]!.reason : error.message;
}

function weightsText(weights: WeightOption): string {
  return weights === 'auto' ? '8-bit weights above 100 million parameters, otherwise f32' : `${weights} weights`;
}
