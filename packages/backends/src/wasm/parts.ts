import { type Architecture, type EncoderDecoderArchitecture, UnsupportedError } from '@tokenwright/core';
import type { CacheShape } from '../paged/paged-rows.ts';
import { compile, type Program } from './compiler.ts';
import type { Operation, Recorder, Value } from './recorder.ts';
import { attentionPanelBytes, panelBytes } from './tape.ts';

/** A part of a model, recorded and compiled, but not yet in memory. */
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

/** Record and compile the parts of a model. */
export function record<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  config: C,
  weights: P,
  recorder: () => Recorder,
  layers: number,
  maxTokens: number,
): Parts {
  const { name } = architecture;
  const forwards = recorder();
  const hidden = architecture.forward(forwards, weights, config);
  // The scored tokens' last hidden states go to the head.
  forwards.tap(hidden, layers + 1);
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
    program: compile(heads.operations, { maxTokens, input, result: logits, resultOutside: true, name }),
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

/** Bytes of what an operation notes of four tokens. */
export function panelBytesOf(operation: Operation): number {
  if (operation.kind === 'linear' || operation.kind === 'gated') return panelBytes(operation.x.columns);
  if (operation.kind !== 'attend' && operation.kind !== 'recall') return 0;
  const { heads } = operation.options;
  return attentionPanelBytes(heads, operation.q.columns / heads);
}

/** What the attention of some operations stores; layers must be alike. */
export function cacheShape(operations: readonly Operation[], name: string): CacheShape {
  let layers = 0;
  let shape: Omit<CacheShape, 'layers'> | undefined;
  for (const operation of operations) {
    if (operation.kind !== 'attend' && operation.kind !== 'remember') continue;
    const { layer, kvHeads } = operation.kind === 'attend' ? operation.options : operation;
    const headDim = operation.k.columns / kvHeads;
    layers = Math.max(layers, layer + 1);
    if (shape !== undefined && (shape.kvHeads !== kvHeads || shape.headDim !== headDim))
      throw new UnsupportedError(`layers with different key heads, as '${name}' has`, 'The wasm engine');
    shape = { kvHeads, headDim };
  }
  return { layers, kvHeads: 1, headDim: 1, ...shape };
}
