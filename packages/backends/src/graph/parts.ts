import { UnsupportedError } from '@tokenwright/core';
import type { Architecture, EncoderDecoderArchitecture, Weight, WeightRequest } from '@tokenwright/core/engine';
import type { CacheShape } from '../paged/paged-rows.ts';
import { compile, type Program } from './compiler.ts';
import { type Operation, Recorder, type Value } from './recorder.ts';

/** A part of a model, recorded and compiled, but not yet loaded. */
export interface Part {
  readonly operations: readonly Operation[];
  readonly program: Program;
  readonly input?: Value;
  readonly result?: Value;
}

/** The parts of a model. */
export interface Parts {
  readonly forward: Part & { readonly result: Value };
  readonly head: Part & { readonly input: Value; readonly result: Value };
  readonly encode: (Part & { readonly result: Value }) | undefined;
  readonly encodeKeyValues: (Part & { readonly input: Value }) | undefined;
}

export interface RecordOptions {
  /** Maximum number of tokens in a frame. */
  readonly maxTokens: number;
  /** Maximum number of scored tokens per run of the head. Default: `maxTokens`. */
  readonly headTokens?: number;
  /** Tap the last hidden states as this layer. Default: off. */
  readonly tapResult?: number;
  /** Place the logits outside the activations. Default false. */
  readonly logitsOutside?: boolean;
}

/** Record and compile the parts of a model. */
export function record<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  config: C,
  weights: P,
  requests: readonly WeightRequest[],
  { maxTokens, headTokens = maxTokens, tapResult, logitsOutside: resultOutside = false }: RecordOptions,
): Parts {
  const { name } = architecture;
  const byWeight: ReadonlyMap<Weight, WeightRequest> = new Map(requests.map((request) => [request.weight, request]));
  const recorder = (): Recorder => new Recorder(byWeight);

  const forwards = recorder();
  const hidden = architecture.forward(forwards, weights, config);
  if (tapResult !== undefined) forwards.tap(hidden, tapResult);
  const forward = {
    operations: forwards.operations,
    result: hidden,
    program: compile(forwards.operations, { maxTokens, result: hidden, name }),
  };

  const heads = recorder();
  const input = heads.input(hidden.columns);
  const logits = architecture.head(heads, weights, config, input);
  const head = {
    operations: heads.operations,
    input,
    result: logits,
    program: compile(heads.operations, { maxTokens: headTokens, input, result: logits, resultOutside, name }),
  };
  if (!('encode' in architecture)) return { forward, head, encode: undefined, encodeKeyValues: undefined };

  const encodes = recorder();
  const encoded = architecture.encode(encodes, weights, config);
  const keyValues = recorder();
  const given = keyValues.input(encoded.columns);
  architecture.encoderKeyValues(keyValues, weights, config, given);
  return {
    forward,
    head,
    encode: {
      operations: encodes.operations,
      result: encoded,
      program: compile(encodes.operations, { maxTokens, result: encoded, name }),
    },
    encodeKeyValues: {
      operations: keyValues.operations,
      input: given,
      program: compile(keyValues.operations, { maxTokens, input: given, name }),
    },
  };
}

/**
 * The shapes of the keys and values that some operations store.
 * @param engine name of the engine, for the error.
 * @throws UnsupportedError when layers have different key heads.
 */
export function cacheShape(operations: readonly Operation[], name: string, engine: string): CacheShape {
  let layers = 0;
  let shape: Omit<CacheShape, 'layers'> | undefined;
  for (const operation of operations) {
    if (operation.kind !== 'attend' && operation.kind !== 'storeEncoderKeyValues') continue;
    const { layer, kvHeads } = operation.kind === 'attend' ? operation.options : operation;
    const headDim = operation.k.columns / kvHeads;
    layers = Math.max(layers, layer + 1);
    if (shape !== undefined && (shape.kvHeads !== kvHeads || shape.headDim !== headDim))
      throw new UnsupportedError(`layers with different key heads, as '${name}' has`, engine);
    shape = { kvHeads, headDim };
  }
  return { layers, kvHeads: 1, headDim: 1, ...shape };
}
