import { ParameterError, TokenwrightError } from '@tokenwright/core';

/** A call that the model made. */
export interface ToolCall {
  /** Names the call in the message with its result: the model's own id, or nine letters and digits. */
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The arguments as JSON: as the model wrote them where it writes JSON. */
  readonly argumentsText: string;
  /** What the model wrote, with the special tokens by their spelling. */
  readonly text: string;
}

/** A part of a reply. */
export type ReplyPart =
  /** More of the answer. */
  | { readonly type: 'text'; readonly text: string }
  /** More of the reasoning before the answer. */
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: ToolCall }
  /** Something that begins as a call and is not one. */
  | { readonly type: 'invalid-tool-call'; readonly error: ToolCallError };

/**
 * Why a call cannot be used: the text is not in the format (`syntax`), the reply ended inside it (`incomplete`), the arguments are
 * no JSON object (`arguments`), or no tool has the name (`name`).
 */
export type ToolCallReason = 'syntax' | 'incomplete' | 'arguments' | 'name';

/** The model began a tool call that cannot be used. */
export class ToolCallError extends TokenwrightError {
  override readonly name: string = 'ToolCallError';
  readonly reason: ToolCallReason;
  /** What the model wrote, with the special tokens by their spelling. */
  readonly text: string;
  /** Name of the tool, as far as it is known. */
  readonly tool: string | undefined;

  constructor(reason: ToolCallReason, problem: string, text: string, tool?: string) {
    const shown = text.length > 200 ? `${text.slice(0, 197)}...` : text;
    super(`${tool === undefined ? 'A tool call' : `The call of '${tool}'`} ${problem}: ${JSON.stringify(shown)}`);
    this.reason = reason;
    this.text = text;
    this.tool = tool;
  }
}

/** A tool has a schema that this format of calls cannot enforce, or none at all. */
export class ToolSchemaError extends ParameterError {
  override readonly name: string = 'ToolSchemaError';
  readonly tool: string;
  /** JSON pointer in the schema of the arguments, as a fragment: '#/properties/city'. */
  readonly pointer: string;

  constructor(owner: string, tool: string, pointer: string, problem: string, options: ErrorOptions = {}) {
    super(owner, `tools: ${tool}`, `a tool whose schema can be enforced (${pointer}: ${problem})`, tool, options);
    this.tool = tool;
    this.pointer = pointer;
  }
}

/** The format of tool calls is not known from the template. */
export class ToolFormatError extends TokenwrightError {
  override readonly name: string = 'ToolFormatError';
  /** The names that `toolFormat` takes. */
  readonly names: readonly string[];

  constructor(model: string, names: readonly string[]) {
    super(
      `${model}: no known format of tool calls was found in its chat template. Give toolFormat: ${names.map((name) => `'${name}'`).join(', ')}, or 'none' to get calls as text.`,
    );
    this.names = names;
  }
}
