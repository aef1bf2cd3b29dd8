import type { EngineChoice } from './settings.ts';

/** What decides which engine is the best. */
export interface Machine {
  readonly gpu: 'hardware' | 'software' | 'none';
  /** Whether memory can be shared between threads. */
  readonly isolated: boolean;
  /** Of the model's weights as stored; 0 when unknown. */
  readonly modelBytes: number;
}

export interface Candidate {
  readonly engine: Exclude<EngineChoice, 'auto'>;
  /** A sentence for the page. */
  readonly reason: string;
}

/** Below this, starting the GPU's work for each operation takes longer than the arithmetic. */
const smallModel = 200e6;

/** The engines worth trying, best first, each with the reason for its place. */
export function engineOrder({ gpu, isolated, modelBytes }: Machine): readonly Candidate[] {
  const threads = isolated ? 'on several threads' : 'on one thread, as the page is not cross-origin isolated';
  const large = modelBytes >= smallModel;
  const webgpu: Candidate = {
    engine: 'webgpu',
    reason: 'A model of this size gains from the GPU that this browser offers.',
  };
  const fused: Candidate = {
    engine: 'fused',
    reason: {
      none: `This browser offers no GPU; fused kernels run ${threads}.`,
      software: `The only GPU here is emulated in software; fused kernels run ${threads}.`,
      hardware: large
        ? `The GPU could not be used; fused kernels run ${threads}.`
        : `For a model this small, starting work on the GPU costs more than the work; fused kernels run ${threads}.`,
    }[gpu],
  };
  const rest: readonly Candidate[] = [
    { engine: 'wasm', reason: 'The fused kernels did not start; this is TensorFlow.js on WebAssembly.' },
    { engine: 'cpu', reason: 'Nothing faster started; this is plain JavaScript, exact and slow.' },
  ];
  return gpu === 'hardware' && large ? [webgpu, fused, ...rest] : [fused, ...rest];
}
