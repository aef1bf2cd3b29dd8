import { ParameterError } from '@tokenwright/core';
import { checkBoolean, checkInteger, checkString, isObject, readOptions } from '@tokenwright/core/options';
import { toolFormatNames } from '../tools/formats/tool-formats.ts';
import type { ToolDefinitions } from '../tools/tool-definitions.ts';

/**
 * Whether the model calls tools: `'none'` it must not, `'auto'` it decides, `'required'` it must, `{ name }` it must call this one.
 */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

/** Options of a reply with tool calls and reasoning. */
export interface ReplyOptions {
  /** Functions that the model may call: `{ type: 'function', function: { name, description, parameters } }`. Default none. */
  readonly tools?: readonly object[] | undefined;
  /** Default 'auto'. */
  readonly toolChoice?: ToolChoice | undefined;
  /** Whether one reply may have several calls. Formats of which the model writes only one ignore true. Default true. */
  readonly parallelToolCalls?: boolean | undefined;
  /**
   * The format in which the model writes calls. Default: what its chat template shows. 'none': calls stay text, and nothing is
   * forced.
   */
  readonly toolFormat?: string | undefined;
  /**
   * Reasoning before the answer. `true` and `false` set the template's switch, if it has one; `false` also ends the reasoning of
   * a model without a switch where it begins. `{ budget }` ends it after this many tokens. Default: as the template has it.
   */
  readonly reasoning?: boolean | { readonly budget: number } | undefined;
}

/** Names of the options. A `Record`, so that one that is missing here is a compile error. */
const names: Readonly<Record<keyof ReplyOptions, true>> = {
  tools: true,
  toolChoice: true,
  parallelToolCalls: true,
  toolFormat: true,
  reasoning: true,
};

export const replyOptionNames: readonly string[] = Object.keys(names);

/** The options, checked, with their defaults. */
export interface CheckedReplyOptions {
  readonly choice: 'none' | 'auto' | 'required';
  /** The tools that may be called. */
  readonly allowed: ToolDefinitions;
  readonly parallel: boolean;
  readonly reasoning: boolean | undefined;
  /** Tokens of reasoning; undefined for no limit. */
  readonly budget: number | undefined;
}

/** @throws ParameterError, UnknownOptionError. */
export function checkReplyOptions(owner: string, options: ReplyOptions, tools: ToolDefinitions): CheckedReplyOptions {
  const { toolChoice = 'auto', parallelToolCalls = true, toolFormat, reasoning } = options;
  checkBoolean(owner, 'parallelToolCalls', parallelToolCalls);
  if (toolFormat !== undefined) {
    checkString(owner, 'toolFormat', toolFormat, `'none' or one of ${toolFormatNames.join(', ')}`);
    if (toolFormat !== 'none' && !toolFormatNames.includes(toolFormat))
      throw new ParameterError(owner, 'toolFormat', `'none' or one of ${toolFormatNames.join(', ')}`, toolFormat);
  }
  if (options.toolChoice !== undefined && options.toolChoice !== 'none' && (tools.size === 0 || toolFormat === 'none'))
    throw new ParameterError(
      owner,
      'toolChoice',
      "left out or 'none' when there are no tools, or when toolFormat is 'none'",
      toolChoice,
    );
  const names = [...tools.keys()];
  const allowed = `'none', 'auto', 'required' or { name }${names.length > 0 ? ` with one of ${names.join(', ')}` : ''}`;
  let named: string | undefined;
  if (isObject(toolChoice)) {
    named = readOptions(`${owner}: toolChoice`, toolChoice, ['name'], 'toolChoice').name as string;
    if (!tools.has(named)) throw new ParameterError(owner, 'toolChoice', allowed, toolChoice);
  } else if (toolChoice !== 'none' && toolChoice !== 'auto' && toolChoice !== 'required')
    throw new ParameterError(owner, 'toolChoice', allowed, toolChoice);
  let budget: number | undefined;
  if (isObject(reasoning)) {
    const given = readOptions(`${owner}: reasoning`, reasoning, ['budget'], 'reasoning');
    budget = checkInteger(owner, 'reasoning.budget', given.budget, 0);
  } else if (reasoning !== undefined) checkBoolean(owner, 'reasoning', reasoning);
  return {
    choice: named === undefined ? (toolChoice as CheckedReplyOptions['choice']) : 'required',
    allowed: named === undefined ? tools : new Map([[named, tools.get(named)!]]),
    parallel: parallelToolCalls && named === undefined,
    reasoning: budget === undefined ? (reasoning as boolean | undefined) : true,
    budget: reasoning === false ? 0 : budget,
  };
}
