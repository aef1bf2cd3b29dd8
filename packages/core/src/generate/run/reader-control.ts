import { checkBoolean, checkFunction, checkInteger } from '../../check/check.ts';
import { checkTokens } from '../../check/lists.ts';
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
    checkControl(control);
    const { rewind = 0, fork, force: forced = [], ban: banned = [] } = control;
    const force = checkTokens('control', 'force', forced);
    const ban = checkTokens('control', 'ban', banned);
    const { strategy } = this.#plan.options;
    const isSteered = force.length + ban.length > 0;
    if (isSteered && strategy !== undefined && strategy.supportsControl !== true)
      this.#refuse("a reader's force and ban");
    checkInteger('control', 'rewind', rewind, 0, sequence.depth);
    for (const id of [...force, ...ban])
      checkInteger('control', 'force and ban', id, 0, this.#plan.model.vocabSize - 1);
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
    checkControl(control);
    const other = controlNames.find((name) => name !== 'stop' && control[name] !== undefined);
    if (other !== undefined) this.#refuse(`the control '${other}' (the sequence is complete already)`);
    return control.stop === true;
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

function checkControl(control: Control): void {
  checkOptionNames('control', control, controlNames);
  const { stop, fork } = control;
  if (stop !== undefined) checkBoolean('control', 'stop', stop);
  if (fork !== undefined) checkFunction('control', 'fork', fork);
}
