import type { HostSampler, Sampler } from '@tokenwright/core';
import { chainFromJson, checkChain, printChain, type SamplerRegistry, withTokenizer } from '@tokenwright/samplers';
import { compatRegistry } from '@tokenwright/samplers/compat';
import { completed } from '../chain/token-words.ts';
import type { ChainReport, StageProblem } from '../protocol.ts';
import type { Settings, Stage } from '../settings.ts';
import { compile, type Watch } from './chains/user-code.ts';
import { failureOf } from './failure.ts';
import { GrammarBuilder } from './grammar.ts';
import type { Session } from './session.ts';

/** The samplers of a chain of the settings. */
export interface BuiltChain {
  readonly samplers: readonly Sampler[];
  /** Index of each sampler in the settings' list. */
  readonly places: readonly number[];
  readonly problems: readonly StageProblem[];
}

/** Makes samplers from settings, for one model. The code of the custom sampler is compiled when it changes. */
export class ChainBuilder {
  readonly grammars: GrammarBuilder;
  readonly #session: Session;
  readonly #watch: Watch;
  readonly #registry: SamplerRegistry;
  #code: string | undefined;
  #compiling: Promise<HostSampler> | undefined;
  /** The newest version that compiled. A run in progress continues with it. */
  #newest: HostSampler | undefined;

  constructor(session: Session, watch: Watch) {
    this.#session = session;
    this.grammars = new GrammarBuilder(session);
    this.#watch = watch;
    this.#registry = withTokenizer(compatRegistry, session.tokenizer);
  }

  async build(stages: readonly Stage[], { code }: Settings): Promise<BuiltChain> {
    const samplers: Sampler[] = [];
    const places: number[] = [];
    const problems: StageProblem[] = [];
    for (const [place, { name, on, parameters }] of stages.entries()) {
      if (!on) continue;
      try {
        samplers.push(
          name === 'custom'
            ? await this.#custom(code)
            : chainFromJson([{ sampler: name, parameters: this.#completed(name, parameters) }], this.#registry)[0]!,
        );
        places.push(place);
      } catch (error) {
        problems.push({ stage: place, ...failureOf(error) });
      }
    }
    return { samplers, places, problems };
  }

  /** @param stages `null`: the default chain. */
  async report(stages: readonly Stage[] | null, settings: Settings): Promise<ChainReport> {
    const { samplers, places, problems } = await this.build(stages ?? this.#session.info.defaultChain, settings);
    const warnings = checkChain(samplers).map((warning) => ({ ...warning, stage: places[warning.stage]! }));
    return { problems, warnings, printed: printChain(samplers) };
  }

  /**
   * @param stages `null`: the default chain.
   * @throws the first problem, when a stage cannot be made.
   */
  async samplers(stages: readonly Stage[] | null, settings: Settings): Promise<readonly Sampler[]> {
    if (stages === null) return this.#session.defaultSamplers;
    const { samplers, problems } = await this.build(stages, settings);
    const [problem] = problems;
    if (problem !== undefined) throw Object.assign(new Error(problem.message), problem);
    return samplers;
  }

  #completed(name: string, parameters: Stage['parameters']): Stage['parameters'] {
    const options = this.#registry[name]?.definition?.options ?? {};
    return completed(parameters, options, this.#session.tokenizer);
  }

  async #custom(code: string): Promise<Sampler> {
    if (code !== this.#code) {
      this.#code = code;
      this.#compiling = compile(code, (id) => this.#session.texts[id] ?? '', this.#watch);
    }
    const { onHost: _, ...description } = await this.#compiling!;
    this.#newest = await this.#compiling!;
    return { ...description, onHost: (logits, step) => this.#newest!.onHost(logits, step) };
  }
}
