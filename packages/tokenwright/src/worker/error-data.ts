import { ChatTemplateError, ToolFormatError, ToolSchemaError } from '@tokenwright/chat';
import {
  CacheError,
  ContextLengthError,
  DeviceLostError,
  DisposedError,
  EmptyDistributionError,
  EngineUnavailableError,
  InvalidLogitsError,
  LoadError,
  MemoryLimitError,
  ParameterError,
  ShapeError,
  TokenwrightError,
  UnknownOptionError,
  UnsupportedError,
} from '@tokenwright/core';

/** An error as data that can be sent to another thread. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Fields of its own, such as `option` of an UnknownOptionError. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: ErrorData | undefined;
}

/** By the `name` of instances: a minifier renames classes. */
type Classes = Readonly<Record<string, { readonly prototype: TokenwrightError }>>;

const classes: Classes = {
  CacheError,
  ChatTemplateError,
  ContextLengthError,
  DeviceLostError,
  DisposedError,
  EmptyDistributionError,
  EngineUnavailableError,
  InvalidLogitsError,
  LoadError,
  MemoryLimitError,
  ParameterError,
  ShapeError,
  ToolFormatError,
  ToolSchemaError,
  UnknownOptionError,
  UnsupportedError,
};

export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof Error || error instanceof DOMException))
    return { name: 'Error', message: String(error), stack: undefined, fields: {}, cause: undefined };
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error))
    if (!['name', 'message', 'stack', 'cause'].includes(name)) fields[name] = sendable(value);
  const { name, message, stack, cause } = error as Error;
  return { name, message, stack, fields, cause: cause === undefined ? undefined : errorToData(cause) };
}

/** The classes of the grammar package, loaded when an error is of one. */
export async function grammarClasses(data: ErrorData): Promise<Classes> {
  for (let at: ErrorData | undefined = data; at !== undefined; at = at.cause)
    if (/^(Grammar|UnsupportedSchema|UnsatisfiableSchema)/.test(at.name)) {
      const grammar = await import('@tokenwright/grammar');
      return {
        GrammarDeadEndError: grammar.GrammarDeadEndError,
        GrammarError: grammar.GrammarError,
        GrammarLimitError: grammar.GrammarLimitError,
        GrammarSyntaxError: grammar.GrammarSyntaxError,
        UnsatisfiableSchemaError: grammar.UnsatisfiableSchemaError,
        UnsupportedSchemaError: grammar.UnsupportedSchemaError,
      };
    }
  return {};
}

/**
 * The same error on this side: of the same class, with the same fields, when it is one of the library.
 *
 * @param more classes that are not always loaded.
 */
export function errorFromData({ name, message, stack, fields, cause }: ErrorData, more: Classes = {}): Error {
  if (name === 'AbortError' || name === 'TimeoutError') return new DOMException(message, name) as unknown as Error;
  const isOurs = fields.isTokenwrightError === true;
  const prototype = isOurs ? (classes[name] ?? more[name] ?? TokenwrightError).prototype : Error.prototype;
  const error: Error = Object.create(prototype);
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(error, 'message', { ...hidden, value: message });
  Object.defineProperty(error, 'stack', { ...hidden, value: stack });
  if (cause !== undefined) Object.defineProperty(error, 'cause', { ...hidden, value: errorFromData(cause, more) });
  Object.defineProperty(error, 'name', { ...hidden, enumerable: isOurs, value: name });
  return Object.assign(error, fields);
}

/** A value that cannot be sent is named. */
function sendable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return typeof value === 'function' ? `the function ${value.name || 'without a name'}` : String(value);
  }
}
