/** How two rows of values are compared. */
export interface RowRule {
  /** The input logits: they set the scale of the tolerance and show which tokens are tied. */
  readonly input: Float32Array;
  /** Which of several tied tokens are kept is not defined: compare their number. */
  readonly tiesAreFree?: boolean;
  /** Additional tolerance for rounding in the recorded system. Default 0. */
  readonly slack?: number;
  /** A sum is at the threshold within float32 rounding: either set of tokens is correct. */
  readonly maskIsFree?: boolean;
}

/** Differences between a row of a golden and ours, as sentences; empty when they agree. */
export function compareRow(label: string, expected: Float64Array, got: ArrayLike<number>, rule: RowRule): string[] {
  if (expected.length !== got.length) return [`${label}: ${expected.length} values expected, got ${got.length}`];
  const slack = 2 ** -22 * largestFinite(rule.input) + (rule.slack ?? 0);
  const values: string[] = [];
  const missing: number[] = [];
  const extra: number[] = [];
  for (let id = 0; id < expected.length; id++) {
    const wanted = expected[id]!;
    const ours = got[id]!;
    if (wanted === -Infinity && ours === -Infinity) continue;
    if (wanted === -Infinity) extra.push(id);
    else if (ours === -Infinity) missing.push(id);
    else if (!near(wanted, ours, slack)) values.push(`${label}[${id}]: expected ${wanted}, got ${ours}`);
  }
  if (rule.maskIsFree === true || (missing.length === 0 && extra.length === 0)) return values;
  if (rule.tiesAreFree === true && samePerValue(rule.input, missing, extra)) return values;
  return [`${label}: should stay ${show(missing)}, should go ${show(extra)}`, ...values];
}

/** |expected - got| within the tolerance of the goldens. */
export function near(expected: number, got: number, slack = 0): boolean {
  if (Object.is(expected, got) || expected === got) return true;
  return Math.abs(expected - got) <= 1e-6 + 1e-6 * Math.abs(expected) + slack;
}

/** Differences of two lists of numbers within an absolute tolerance. */
export function compareWithin(
  label: string,
  expected: ArrayLike<number>,
  got: ArrayLike<number>,
  tolerance: number,
): string[] {
  if (expected.length !== got.length) return [`${label}: ${expected.length} values expected, got ${got.length}`];
  const differences: string[] = [];
  for (let i = 0; i < expected.length; i++) {
    const [wanted, ours] = [expected[i]!, got[i]!];
    if (wanted !== ours && !(Math.abs(wanted - ours) <= tolerance))
      differences.push(`${label}[${i}]: expected ${wanted}, got ${ours}`);
  }
  return differences;
}

/** Differences of two lists of ids. */
export function compareIds(label: string, expected: ArrayLike<number>, got: ArrayLike<number>): string[] {
  const [wanted, ours] = [Array.from(expected), Array.from(got)];
  const same = wanted.length === ours.length && wanted.every((id, i) => id === ours[i]);
  return same ? [] : [`${label}: expected [${wanted.join(', ')}], got [${ours.join(', ')}]`];
}

/** True when the extra tokens of one side are tied with its missing ones. */
function samePerValue(input: Float32Array, missing: readonly number[], extra: readonly number[]): boolean {
  const sorted = (ids: readonly number[]): Float32Array => Float32Array.from(ids, (id) => input[id]!).sort();
  const [lacked, added] = [sorted(missing), sorted(extra)];
  return lacked.length === added.length && lacked.every((value, i) => value === added[i]);
}

function largestFinite(row: Float32Array): number {
  return row.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 0);
}

function show(ids: readonly number[]): string {
  return ids.length === 0 ? 'none' : `${ids.slice(0, 12).join(', ')}${ids.length > 12 ? ', …' : ''}`;
}
