import type { Step } from '../../graph/compiler.ts';

/** The time of the steps of one kind and size, added up over runs. */
export interface ProfileRow {
  /** Part of the model: forward, head, encode, encodeKeyValues. */
  readonly part: string;
  /** Operation with its sizes: 'linear 768 -> 2304', 'attend 12 x 64'. */
  readonly step: string;
  /** Number of runs. */
  readonly runs: number;
  /** Milliseconds of the first thread, including its waiting for the others. */
  readonly milliseconds: number;
}

/** Adds up the times of tape runs, by part and kind of step. */
export class Profile {
  readonly #rows: Map<string, { part: string; step: string; runs: number; milliseconds: number }> = new Map();

  add(part: string, steps: readonly Step[], times: Float64Array): void {
    for (const [i, step] of steps.entries()) {
      const name = nameOf(step);
      const key = `${part} ${name}`;
      const row = this.#rows.get(key) ?? { part, step: name, runs: 0, milliseconds: 0 };
      row.runs++;
      row.milliseconds += times[i]!;
      this.#rows.set(key, row);
    }
  }

  /** The times so far, in the order of the first run. */
  rows(): readonly ProfileRow[] {
    return [...this.#rows.values()].map((row) => ({ ...row }));
  }

  clear(): void {
    this.#rows.clear();
  }
}

function nameOf(step: Step): string {
  switch (step.kind) {
    case 'linear':
    case 'gated':
      return `${step.kind} ${step.operation.x.columns} -> ${step.operation.result.columns}`;
    case 'attend':
    case 'crossAttend': {
      const { heads } = step.operation.options;
      return `${step.kind} ${heads} x ${step.operation.q.columns / heads}`;
    }
    case 'elements':
      return step.operation.kind;
    default:
      return step.kind;
  }
}
