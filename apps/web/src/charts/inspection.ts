import type { Candidate, Distribution, TokenReport } from '../protocol.ts';

/** What became of a candidate at a stage. */
export type Cell =
  | { readonly kind: 'probability'; readonly probability: number }
  /** This stage removed it. */
  | { readonly kind: 'removed'; readonly margin: number }
  /** An earlier stage did. */
  | { readonly kind: 'gone' };

export interface Inspection {
  readonly columns: readonly Distribution[];
  readonly rows: readonly { readonly id: number; readonly cells: readonly Cell[] }[];
  /** The largest probability anywhere: what a full bar stands for. */
  readonly largest: number;
}

/** The candidates that matter somewhere in the chain, as the model ranks them, with the drawn token among them. */
export function inspection({ id: drawn, distributions, candidates }: TokenReport, count = 8): Inspection {
  const ranked = [...candidates].sort((a, b) => most(b) - most(a));
  const shown = ranked.filter(({ id }, place) => place < count || id === drawn);
  shown.sort((a, b) => b.probabilities[0]! - a.probabilities[0]!);
  return {
    columns: distributions,
    rows: shown.map((candidate) => ({
      id: candidate.id,
      cells: distributions.map((_, stage) => cellOf(candidate, stage)),
    })),
    largest: Math.max(1e-9, ...shown.map(most)),
  };
}

function most({ probabilities }: Candidate): number {
  return Math.max(...probabilities);
}

function cellOf({ probabilities, removed }: Candidate, stage: number): Cell {
  const probability = probabilities[stage] ?? 0;
  if (probability > 0 || removed === undefined) return { kind: 'probability', probability };
  return stage === removed.stage ? { kind: 'removed', margin: removed.margin } : { kind: 'gone' };
}
