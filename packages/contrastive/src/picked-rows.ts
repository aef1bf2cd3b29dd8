import type { EngineMatrix } from '@tokenwright/core/engine';

/** Rows of other matrices, in any order. Owns the results that they come from. */
export class PickedRows implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly #picks: readonly { readonly from: EngineMatrix; readonly row: number }[];
  readonly #owned: readonly { dispose(): void }[];

  constructor(
    picks: readonly { readonly from: EngineMatrix; readonly row: number }[],
    columns: number,
    owned: readonly { dispose(): void }[],
  ) {
    this.rows = picks.length;
    this.columns = columns;
    this.#picks = picks;
    this.#owned = owned;
  }

  async read(rows: readonly number[] = this.#picks.map((_, row) => row)): Promise<Float32Array> {
    const picks = rows.map((row) => this.#picks[row]!);
    const sources = new Set(picks.map((pick) => pick.from));
    const [only] = sources;
    if (only !== undefined && sources.size === 1) return only.read(picks.map(({ row }) => row));
    const result = new Float32Array(rows.length * this.columns);
    for (const from of sources) {
      const wanted = picks.flatMap((pick, at) => (pick.from === from ? [{ at, row: pick.row }] : []));
      const values = await from.read(wanted.map(({ row }) => row));
      for (const [i, { at }] of wanted.entries())
        result.set(values.subarray(i * this.columns, (i + 1) * this.columns), at * this.columns);
    }
    return result;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }
}
