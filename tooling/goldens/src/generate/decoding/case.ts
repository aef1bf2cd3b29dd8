/** A case of `generate/<model>/cases.json`. */
export interface GenerateCase {
  readonly id: string;
  readonly kind: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask?: readonly (readonly number[])[];
  readonly params?: Readonly<Record<string, unknown>>;
  readonly sequences?: readonly (readonly number[])[];
  readonly [more: string]: unknown;
}

/** The rows of a batch without padding, which Hugging Face adds on the left of a prompt and on the right of a source. */
export function unpadded({ input_ids, attention_mask }: GenerateCase): number[][] {
  return input_ids.map((row, i) => row.filter((_, at) => attention_mask?.[i]?.[at] !== 0));
}
