import type { History } from './history.ts';
import type { Json, Sampled, SamplerState } from './sampler.ts';

/**
 * What the stages of a run remember: (stage) x (node of a history) -> value. Because it is keyed by node, it forks with a
 * beam, rewinds with a rejected draft, and is forgotten when a history is. Each run, and each source inside a run (a
 * draft model, say), has one of its own, so a sampler object used twice never meets itself.
 */
export class RunState {
  readonly #nodes: WeakMap<History, NodeMemory> = new WeakMap();

  /** The view that stage `stage` gets at `node`. */
  at(node: History, stage: number): SamplerState {
    return {
      get: <T extends Json>() => this.#latest(node.parent, stage) as T | undefined,
      set: (value) => void this.#node(node).values.set(stage, value),
    };
  }

  /** How the last token of `node` was sampled, as `stage` saw it. */
  sampled(node: History, stage: number): Sampled | undefined {
    return this.#nodes.get(node)?.sampled.get(stage);
  }

  /** Note that the last token of `node` was sampled with these probabilities at `stage`. */
  recordSampled(node: History, stage: number, sampled: Sampled): void {
    this.#node(node).sampled.set(stage, sampled);
  }

  /** All that a continuation from `node` can read, as JSON: for a snapshot. */
  snapshot(node: History): RunStateSnapshot {
    const values = new Map<number, Json>();
    for (let at = node.parent; at !== undefined; at = at.parent)
      for (const [stage, value] of this.#nodes.get(at)?.values ?? []) if (!values.has(stage)) values.set(stage, value);
    return { values: [...values], sampled: [...(this.#nodes.get(node)?.sampled ?? [])] };
  }

  /** Make `node` continue from a snapshot. `node` must have a parent to hold the values, or none are held. */
  restore(node: History, snapshot: RunStateSnapshot): void {
    for (const [stage, sampled] of snapshot.sampled) this.#node(node).sampled.set(stage, sampled);
    if (node.parent !== undefined)
      for (const [stage, value] of snapshot.values) this.#node(node.parent).values.set(stage, value);
  }

  #node(node: History): NodeMemory {
    const memory = this.#nodes.get(node) ?? { values: new Map(), sampled: new Map() };
    this.#nodes.set(node, memory);
    return memory;
  }

  #latest(from: History | undefined, stage: number): Json | undefined {
    for (let node = from; node !== undefined; node = node.parent) {
      const values = this.#nodes.get(node)?.values;
      if (values?.has(stage)) return values.get(stage);
    }
    return undefined;
  }
}

/** `RunState` at one node, as plain data. */
export interface RunStateSnapshot {
  readonly values: readonly (readonly [stage: number, value: Json])[];
  readonly sampled: readonly (readonly [stage: number, sampled: Sampled])[];
}

interface NodeMemory {
  readonly values: Map<number, Json>;
  readonly sampled: Map<number, Sampled>;
}
