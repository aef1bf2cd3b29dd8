import {
  type Architecture,
  type EncoderDecoderArchitecture,
  UnsupportedError,
  type Weight,
  type WeightRequest,
} from '@tokenwright/core';
import { compile, type Program } from '../wasm/compiler.ts';
import { type Operation, Recorder, type Value } from '../wasm/recorder.ts';

/** Scored tokens that the head goes over at a time: logits of many tokens would need a large arena. */
export const headTokens = 16;

/** A part of a model, recorded and compiled, before it is on the device. */
export interface Part {
  readonly operations: readonly Operation[];
  readonly program: Program;
  readonly input?: Value;
  readonly result?: Value;
}

/** What a model is made of. */
export interface Parts {
  readonly forward: Part & { readonly result: Value };
  readonly head: Part & { readonly input: Value; readonly result: Value };
  readonly encode: (Part & { readonly result: Value }) | undefined;
  readonly memorise: (Part & { readonly input: Value }) | undefined;
}

/** Record and compile the passes of a model. */
export function recordParts<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  config: C,
  weights: P,
  requests: readonly WeightRequest[],
  maxTokens: number,
): Parts {
  const { name } = architecture;
  const byWeight: ReadonlyMap<Weight, WeightRequest> = new Map(requests.map((request) => [request.weight, request]));
  const recorder = (): Recorder => new Recorder(byWeight);

  const forwards = recorder();
  const hidden = architecture.forward(forwards, weights, config);
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
    program: compile(heads.operations, { maxTokens: headTokens, input, result: logits, name }),
  };
  if (!('encode' in architecture)) return { forward, head, encode: undefined, memorise: undefined };

  const encodes = recorder();
  const encoded = architecture.encode(encodes, weights, config);
  const memorises = recorder();
  const given = memorises.input(encoded.columns);
  architecture.memorise(memorises, weights, config, given);
  return {
    forward,
    head,
    encode: {
      operations: encodes.operations,
      result: encoded,
      program: compile(encodes.operations, { maxTokens, result: encoded, name }),
    },
    memorise: {
      operations: memorises.operations,
      input: given,
      program: compile(memorises.operations, { maxTokens, input: given, name }),
    },
  };
}

/** What the attention of some operations stores; layers must be alike. */
export function cacheShapeOf(
  operations: readonly Operation[],
  name: string,
): { readonly layers: number; readonly kvHeads: number; readonly headDim: number } {
  let layers = 0;
  let shape: { kvHeads: number; headDim: number } | undefined;
  for (const operation of operations) {
    if (operation.kind !== 'attend' && operation.kind !== 'remember') continue;
    const { layer, kvHeads } = operation.kind === 'attend' ? operation.options : operation;
    const headDim = operation.k.columns / kvHeads;
    layers = Math.max(layers, layer + 1);
    if (shape !== undefined && (shape.kvHeads !== kvHeads || shape.headDim !== headDim))
      throw new UnsupportedError(`layers with different key heads, as '${name}' has`, 'The WebGPU engine');
    shape = { kvHeads, headDim };
  }
  return { layers, kvHeads: 1, headDim: 1, ...shape };
}
