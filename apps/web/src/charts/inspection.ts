import type { Distribution, TokenReport } from '../protocol.ts';

/** What is known of a candidate after a stage. */
export type Cell =
  | { readonly kind: 'probability'; readonly probability: number }
  /** This stage removed it. */
  | { readonly kind: 'removed'; readonly margin: number }
  /** An earlier stage did. */
  | { readonly kind: 'gone' }
  /** It is left, below the ones that are listed. */
  | { readonly kind: 'below'; readonly bound: number };

export interface Inspection {
  readonly columns: readonly Distribution[];
  readonly rows: readonly { readonly id: number; readonly cells: readonly Cell[] }[];
  /** The largest probability anywhere: what a full bar stands for. */
  readonly largest: number;
}

/** The candidates that matter somewhere in the chain, as the model ranks them, with the drawn token among them. */
export function inspection(token: TokenReport, count = 8): Inspection {
  const { distributions, removed } = token;
  const most = new Map<number, number>();
  for (const { top } of distributions)
    for (const { id, probability } of top) most.set(id, Math.max(most.get(id) ?? 0, probability));
  const byMost = [...most].sort(([, a], [, b]) => b - a).map(([id]) => id);
  const shown = byMost.slice(0, count);
  if (!shown.includes(token.id)) shown.push(token.id);
  const model = distributions[0]?.top.map(({ id }) => id) ?? [];
  const place = (id: number): number => {
    const at = model.indexOf(id);
    return at >= 0 ? at : id === token.id ? token.rank : model.length;
  };
  shown.sort((a, b) => place(a) - place(b));
  const removals = new Map(removed.map((removal) => [removal.id, removal]));
  const cell = ({ top, drawn }: Distribution, index: number, id: number): Cell => {
    const known = id === token.id ? drawn : (top.find((candidate) => candidate.id === id)?.probability ?? 0);
    if (known > 0) return { kind: 'probability', probability: known };
    const removal = removals.get(id);
    if (removal !== undefined && index === removal.stage) return { kind: 'removed', margin: removal.margin };
    if (removal !== undefined && index > removal.stage) return { kind: 'gone' };
    return { kind: 'below', bound: top.at(-1)?.probability ?? 1 };
  };
  return {
    columns: distributions,
    rows: shown.map((id) => ({ id, cells: distributions.map((distribution, index) => cell(distribution, index, id)) })),
    largest: Math.max(1e-9, ...[...most.values()]),
  };
}
