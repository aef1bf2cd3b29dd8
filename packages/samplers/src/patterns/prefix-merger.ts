/**
 * Texts in order, and for each the stretch of texts that begin with it: they stand together.
 */
export interface TextOrder {
  /** Token ids by text, of equal texts the lower id first. */
  readonly ids: Int32Array;
  /** By id: where it stands in `ids`. */
  readonly placeOf: Int32Array;
  /** Where the texts equal to the one at a place begin. */
  readonly from: Int32Array;
  /** Where the texts that begin with the one at a place end (exclusive). */
  readonly to: Int32Array;
  /** 1 where a text is empty. */
  readonly empty: Uint8Array;
}

export function orderTexts(of: Int32Array, text: (id: number) => string): TextOrder {
  const texts = new Map<number, string>();
  for (const id of of) texts.set(id, text(id));
  const ids = of.slice().sort((a, b) => {
    const [left, right] = [texts.get(a)!, texts.get(b)!];
    return left < right ? -1 : left > right ? 1 : a - b;
  });
  const sorted = Array.from(ids, (id) => texts.get(id)!);
  const from = new Int32Array(ids.length);
  const to = new Int32Array(ids.length).fill(ids.length);
  const open: number[] = [];
  sorted.forEach((word, place) => {
    from[place] = place > 0 && sorted[place - 1] === word ? from[place - 1]! : place;
    while (open.length > 0 && !word.startsWith(sorted[open.at(-1)!]!)) to[open.pop()!] = place;
    open.push(place);
  });
  const placeOf = new Int32Array(ids.reduce((most, id) => Math.max(most, id), -1) + 1);
  ids.forEach((id, place) => {
    placeOf[id] = place;
  });
  return { ids, placeOf, from, to, empty: Uint8Array.from(sorted, (word) => (word === '' ? 1 : 0)) };
}

/**
 * Merge tokens of which one text begins the other into the likelier one, from the likeliest token down: each takes in, or is
 * taken in by, those that its text begins. An empty text begins nothing.
 *
 * @param falling the candidates by falling probability.
 * @param p their probabilities by id; what is merged is added here.
 * @returns whether a candidate was not merged into another.
 */
export function mergePrefixes(
  { ids, placeOf, from, to, empty }: TextOrder,
  falling: Int32Array,
  p: Float64Array,
): (id: number) => boolean {
  // By place: the rank of a candidate that is still there, or `gone`.
  const rank = new Int32Array(ids.length).fill(gone);
  for (let at = 0; at < falling.length; at++) rank[placeOf[falling[at]!]!] = at;
  const merge = (into: number, taken: number): void => {
    p[ids[into]!]! += p[ids[taken]!]!;
    rank[taken] = gone;
  };
  for (let at = 0; at < falling.length; at++) {
    const place = placeOf[falling[at]!]!;
    if (rank[place] === gone || empty[place] === 1) continue;
    const end = to[place]!;
    // The likeliest that it begins, if that is likelier than itself.
    let before = -1;
    let best = at;
    for (let other = from[place]!; other < end; other++)
      if (rank[other]! < best) {
        best = rank[other]!;
        before = other;
      }
    if (before < 0) {
      // All that it begins are less likely, and as they were: it takes them in.
      for (let other = from[place]!; other < end; other++)
        if (rank[other] !== gone && other !== place) merge(place, other);
    } else if (p[ids[before]!]! > p[ids[place]!]!) merge(before, place);
    else mergeOneByOne(place);
  }
  return (id) => rank[placeOf[id]!] !== gone;

  /** Among equals the one that is looked at takes in the others, until one has grown above it. */
  function mergeOneByOne(place: number): void {
    const begun: number[] = [];
    for (let other = from[place]!; other < to[place]!; other++)
      if (rank[other] !== gone && other !== place) begun.push(other);
    for (const other of begun.sort((a, b) => rank[a]! - rank[b]!)) {
      if (p[ids[other]!]! > p[ids[place]!]!) {
        merge(other, place);
        return;
      }
      merge(place, other);
    }
  }
}

const gone = 2 ** 31 - 1;
