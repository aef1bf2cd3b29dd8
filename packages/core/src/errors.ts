// biome-ignore-all lint/complexity/noThisInStatic: `isInstance` is inherited, and each class asks about itself.
import { describeValue, shorten } from './wording/describe-value.ts';
import { nearestName } from './wording/nearest-name.ts';

/**
 * The errors that the library throws on purpose. Each is a class with typed fields, so that a program can react to the
 * cause, and a message that states what was allowed and what was given.
 */

/** Root of all errors of the library. `TokenwrightError.isInstance` also holds across duplicate installs of the package. */
export class TokenwrightError extends Error {
  // A literal, so that it survives minification.
  override readonly name: string = 'TokenwrightError';
  /** Marks errors of this library, also across duplicate installs. */
  readonly isTokenwrightError: true = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }

  /**
   * True for an error of this class (on the root class, for any error of this library), also when another installed
   * copy of the library created it.
   */
  static isInstance<Kind extends TokenwrightError>(
    this: abstract new (
      ...args: never[]
    ) => Kind,
    value: unknown,
  ): value is Kind {
    if (typeof value !== 'object' || value === null || !('isTokenwrightError' in value)) return false;
    if (Object.is(this, TokenwrightError) || value instanceof this) return true;
    return 'name' in value && value.name === this.name;
  }
}

/** A parameter has a value that is not allowed. */
export class ParameterError extends TokenwrightError {
  override readonly name: string = 'ParameterError';
  readonly owner: string;
  readonly parameter: string;
  readonly allowed: string;
  readonly received: unknown;

  constructor(owner: string, parameter: string, allowed: string, received: unknown, options?: ErrorOptions) {
    super(`${owner}: ${parameter} must be ${allowed}, but ${describeValue(received)} was given.`, options);
    this.owner = owner;
    this.parameter = parameter;
    this.allowed = allowed;
    this.received = received;
  }
}

/** An option name is unknown. Has the nearest valid name. */
export class UnknownOptionError extends TokenwrightError {
  override readonly name: string = 'UnknownOptionError';
  readonly owner: string;
  readonly option: string;
  readonly nearest: string | undefined;
  readonly known: readonly string[];

  /** @param hints `nearest`: the valid name, when it is known; `advice`: a sentence. */
  constructor(
    owner: string,
    option: string,
    known: readonly string[],
    hints: { readonly nearest?: string; readonly advice?: string } = {},
  ) {
    const nearest = hints.nearest ?? (hints.advice === undefined ? nearestName(option, known) : undefined);
    const sentences = [
      `${owner}: unknown option '${shorten(option)}'.`,
      ...(nearest === undefined ? [] : [`Did you mean '${nearest}'?`]),
      ...(hints.advice === undefined ? [] : [hints.advice]),
      `Known options: ${known.join(', ')}.`,
    ];
    super(sentences.join(' '));
    this.owner = owner;
    this.option = option;
    this.nearest = nearest;
    this.known = known;
  }
}

/** Two shapes or sizes do not match. */
export class ShapeError extends TokenwrightError {
  override readonly name: string = 'ShapeError';
  readonly subject: string;
  readonly expected: readonly number[];
  readonly received: readonly number[];

  constructor(subject: string, expected: readonly number[], received: readonly number[]) {
    super(`${subject} must have shape [${expected.join(', ')}], but it has [${received.join(', ')}].`);
    this.subject = subject;
    this.expected = expected;
    this.received = received;
  }
}

/** More positions were requested than the model's context has. Nothing was fed. */
export class ContextLengthError extends TokenwrightError {
  override readonly name: string = 'ContextLengthError';
  readonly contextLength: number;
  readonly wanted: number;

  constructor(contextLength: number, wanted: number, what = 'the row') {
    super(`${what} needs ${wanted} positions, but the model has a context of ${contextLength}.`);
    this.contextLength = contextLength;
    this.wanted = wanted;
  }
}

/**
 * A KV cache cannot be used as requested: it belongs to another model or engine, or no longer holds the required
 * positions.
 */
export class CacheError extends TokenwrightError {
  override readonly name: string = 'CacheError';
}

/** A stage of a sampler chain left no token with a finite logit. */
export class EmptyDistributionError extends TokenwrightError {
  override readonly name: string = 'EmptyDistributionError';
  readonly stage: string;
  readonly position: number;

  constructor(stage: string, position: number) {
    super(`After '${stage}' no token is left to choose from at position ${position}.`);
    this.stage = stage;
    this.position = position;
  }
}

/** The logits contain NaN or +Infinity after the named stage ('model' when the model returned them). */
export class InvalidLogitsError extends TokenwrightError {
  override readonly name: string = 'InvalidLogitsError';
  readonly stage: string;
  readonly position: number;
  readonly token: number;

  constructor(stage: string, position: number, token: number, value: number) {
    super(`After '${stage}' the logit of token ${token} at position ${position} is ${value}.`);
    this.stage = stage;
    this.position = position;
    this.token = token;
  }
}

/** A value was used after it was disposed or became invalid. */
export class DisposedError extends TokenwrightError {
  override readonly name: string = 'DisposedError';
  readonly subject: string;

  constructor(subject: string, reason = 'was disposed and can no longer be used') {
    super(`${subject} ${reason}.`);
    this.subject = subject;
  }
}

/** The request is valid, but this engine, model or sampler does not support it. */
export class UnsupportedError extends TokenwrightError {
  override readonly name: string = 'UnsupportedError';
  readonly feature: string;
  readonly by: string;

  constructor(feature: string, by: string, advice?: string) {
    super(`${by} does not support ${feature}.${advice === undefined ? '' : ` ${advice}`}`);
    this.feature = feature;
    this.by = by;
  }
}

/** No engine could be started. `tried` has the reason for each. */
export class EngineUnavailableError extends TokenwrightError {
  override readonly name: string = 'EngineUnavailableError';
  readonly tried: readonly { engine: string; reason: string }[];

  constructor(tried: readonly { engine: string; reason: string }[], options?: ErrorOptions) {
    super(`No engine is available: ${tried.map(({ engine, reason }) => `${engine} (${reason})`).join('; ')}.`, options);
    this.tried = tried;
  }
}

/** An allocation does not fit. Thrown before anything is written. Numbers are bytes. */
export class MemoryLimitError extends TokenwrightError {
  override readonly name: string = 'MemoryLimitError';
  readonly needed: number;
  readonly available: number;

  constructor(what: string, needed: number, available: number) {
    super(`${what} needs ${needed} bytes, but ${available} are available.`);
    this.needed = needed;
    this.available = available;
  }
}

/** The device of an engine was lost. Its resources are released; a new engine can be created. */
export class DeviceLostError extends TokenwrightError {
  override readonly name: string = 'DeviceLostError';
}

/** A file, or a part of it, cannot be read. */
export class LoadError extends TokenwrightError {
  override readonly name: string = 'LoadError';
  readonly file: string;
  readonly field: string | undefined;

  constructor(file: string, problem: string, field?: string, options?: ErrorOptions) {
    super(`${shorten(file, 1000)}: ${field === undefined ? '' : `${field}: `}${problem}`, options);
    this.file = file;
    this.field = field;
  }
}
