import { checkBoolean, checkFunction, checkInteger } from '../../check/check.ts';
import { checkIds } from '../../check/lists.ts';
import { checkOptionNames } from '../../check/read-options.ts';
import { UnsupportedError } from '../../errors.ts';
import { type TokenControl, TokenControls } from '../../sampling/control.ts';
import type { History } from '../../sampling/history.ts';
import type { RunState } from '../../sampling/run-state.ts';
import { chainKey, DecodingState } from '../contract/decoding-state.ts';
import type { Control } from '../contract/events.ts';
import type { Plan } from './plan.ts';
import type { RunCache } from './run-cache.ts';
import type { Sequence } from './sequence.ts';

/**
 * What the reader's control does to the tokens that were chosen together: `'none'`: they stay; `'discard'`: those after this
 * one are void; `'rewound'`: tokens were taken back.
 */
export type ControlEffect = 'none' | 'discard' | 'rewound';

/** Carries out what the reader of a stream answers to token events. */
export class ReaderControl {
  readonly #plan: Plan;
  readonly #cache: RunCache;
  readonly #memory: RunState;
  readonly #controls: TokenControls = new TokenControls();

  constructor(plan: Plan, cache: RunCache, memory: RunState) {
    this.#plan = plan;
    this.#cache = cache;
    this.#memory = memory;
  }

  /** What the reader asked about the token after a node. */
  at(history: History): TokenControl | undefined {
    return this.#controls.at(history);
  }

  /** Forced tokens that are left follow the tokens that were accepted. */
  follow(history: History): void {
    if (history.parent !== undefined) this.#controls.pass(history.parent, history);
  }

  /**
   * @param row the cache row of the sequence.
   * @throws UnknownOptionError, ParameterError, UnsupportedError; nothing has changed then.
   */
  apply(control: Control, sequence: Sequence, row: number): ControlEffect {
    const { rewind, fork, force, ban } = this.#read(control);
    const { strategy } = this.#plan.options;
    const isSteered = force.length + ban.length > 0;
    if (isSteered && strategy !== undefined && strategy.supportsControl !== true)
      this.#refuse("a reader's force and ban");
    checkInteger('control', 'rewind', rewind, 0, sequence.depth);
    if (rewind > 0) sequence.rewind(rewind);
    if (isSteered)
      this.#controls.set(sequence.history, {
        ...(force.length > 0 ? { force } : {}),
        ...(ban.length > 0 ? { ban } : {}),
      });
    if (fork !== undefined) {
      const state = this.#forkAt(sequence, row);
      try {
        fork(state);
      } catch (error) {
        state.dispose();
        throw error;
      }
    }
    if (rewind > 0) return 'rewound';
    return isSteered ? 'discard' : 'none';
  }

  /** A complete sequence can only be cut short. Returns whether the reader asked for that. */
  applyToComplete(control: Control): boolean {
    const { stop, rewind, fork, force, ban } = this.#read(control);
    const asked = { rewind: rewind !== 0, force: force.length > 0, ban: ban.length > 0, fork: fork !== undefined };
    for (const [name, isAsked] of Object.entries(asked))
      if (isAsked) this.#refuse(`the control '${name}' (the sequence is complete already)`);
    return stop;
  }

  #read(control: Control): ReadControl {
    checkOptionNames('control', control, controlNames);
    const { stop = false, rewind = 0, fork, force = [], ban = [] } = control;
    checkBoolean('control', 'stop', stop);
    if (fork !== undefined) checkFunction('control', 'fork', fork);
    checkInteger('control', 'rewind', rewind, 0);
    const { vocabSize } = this.#plan.model;
    return {
      stop,
      rewind,
      fork,
      force: checkIds('control', 'force', force, vocabSize),
      ban: checkIds('control', 'ban', ban, vocabSize),
    };
  }

  #refuse(feature: string): never {
    throw new UnsupportedError(feature, `The strategy '${this.#plan.options.strategy?.name ?? 'sampling'}'`);
  }

  #forkAt(sequence: Sequence, row: number): DecodingState {
    const cache = this.#cache.fork();
    cache.gather([row]);
    const { model, options, promptLengths, randoms, samplers, state } = this.#plan;
    return DecodingState.assemble({
      model,
      seed: randoms[sequence.promptIndex]!.seed,
      sequence: (state?.sequence ?? 0) + sequence.index,
      promptLength: promptLengths[sequence.promptIndex]!,
      tokenizer: options.tokenizer,
      history: sequence.history,
      text: sequence.text.suspend(),
      cache,
      memories: new Map([[chainKey(samplers), this.#memory]]),
    });
  }
}

const controlNames = ['stop', 'rewind', 'force', 'ban', 'fork'] as const;

/** A control that was checked. Every member has its off value when it was not given. */
interface ReadControl {
  readonly stop: boolean;
  readonly rewind: number;
  readonly fork: Control['fork'];
  readonly force: readonly number[];
  readonly ban: readonly number[];
}
