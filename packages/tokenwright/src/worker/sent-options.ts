import { type Sampler, UnsupportedError } from '@tokenwright/core';
import { checkOption, isPlainObject, type Option, readRecord } from '@tokenwright/core/options';
import { type StructuredOutput, structuredOutputOf } from '../structured/constraint.ts';
import { type StructuredOutputOptions, structuredOutputOptions } from '../structured/structured-output.ts';

/**
 * The options of a call as data that can be sent: samplers as JSON, functions not at all. `signal` and `onWarning` stay here.
 *
 * @throws UnsupportedError for what cannot be sent, with what to do instead.
 */
export async function optionsToSend(options: object): Promise<Record<string, unknown>> {
  const sent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'signal' || name === 'onWarning') continue;
    if (name === 'samplers') sent.samplers = await samplersToSend(value);
    else sent[name] = checkSendable(name, value);
  }
  return sent;
}

/**
 * What a call asks of its replies, and its options with the JSON Schema of a library's schema. The other options are checked in the
 * worker.
 */
export function splitOutput(
  owner: string,
  options: object,
): { readonly sent: object; readonly output: StructuredOutput | undefined } {
  if (!isPlainObject(options)) return { sent: options, output: undefined };
  const given: Record<string, unknown> = readRecord(owner, options, 'options');
  for (const [name, option] of Object.entries<Option>(structuredOutputOptions))
    if (given[name] !== undefined) given[name] = checkOption(owner, name, option, given[name]);
  const output = structuredOutputOf(owner, given as StructuredOutputOptions);
  if (output?.constraint.option === 'schema') given.schema = output.constraint.schema;
  return { sent: given, output };
}

/** Loaded only here: a page without samplers needs none of their code. */
async function samplersToSend(samplers: unknown): Promise<unknown> {
  if (!Array.isArray(samplers) || samplers.some((one) => typeof one?.name !== 'string'))
    return checkSendable('samplers', samplers);
  const { chainToJson } = await import('@tokenwright/samplers');
  return chainToJson(samplers as Sampler[]);
}

const advice: Readonly<Record<string, string>> = {
  cache: 'Give the name of a kind of cache.',
  grammar: 'Give the grammar as a text in GBNF; an automaton cannot be sent.',
  samplers: 'Give samplers of tokenwright/samplers, which are sent as JSON.',
  stopWhen: 'Leave the loop over the pieces to end a call, or give stopStrings.',
  tokenizer: 'Give the path, the URL or the text of its tokenizer.json.',
  strategy: 'Give options such as numBeams, penaltyAlpha or promptLookupNumTokens.',
};

/** @throws UnsupportedError for a value with functions in it. */
export function checkSendable(name: string, value: unknown): unknown {
  try {
    structuredClone(value);
    return value;
  } catch {
    throw new UnsupportedError(
      `the option \`${name}\` with this value, which cannot be sent to it,`,
      'A model in a Worker',
      advice[name] ?? 'Give plain data, or load the model without `worker`.',
    );
  }
}
