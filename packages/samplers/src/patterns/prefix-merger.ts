/** Texts in order. The texts that begin with a given one are adjacent. */
export interface TextOrder {
  /** Token ids by text; for equal texts, the lower id first. */
  readonly ids: Int32Array;
  /** The place in `ids`, by id. */
  readonly placeOf: Int32Array;
  /** The first place with the same text, by place. */
  readonly from: Int32Array;
  /** The end (exclusive) of the texts that begin with the text, by place. */
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
 * Merge tokens of which one text begins the other into the likelier one, starting with the likeliest token. An empty text
 * begins no other.
 *
 * @param falling the candidates by falling probability.
 * @param p their probabilities by id; merged probabilities are added here.
 * @returns whether a candidate was not merged into another.
 */
export function mergePrefixes(
  { ids, placeOf, from, to, empty }: TextOrder,
  falling: Int32Array,
  p: Float64Array,
): (id: number) => boolean {
  // By place: the rank of a candidate that was not merged, or `gone`.
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
    // The likeliest token whose text begins with this one, if it is likelier than this one.
    let before = -1;
    let best = at;
    for (let other = from[place]!; other < end; other++)
      if (rank[other]! < best) {
        best = rank[other]!;
        before = other;
      }
    if (before < 0) {
      // All texts that begin with this one are less likely and unchanged: they are merged into it.
      for (let other = from[place]!; other < end; other++)
        if (rank[other] !== gone && other !== place) merge(place, other);
    } else if (p[ids[before]!]! > p[ids[place]!]!) merge(before, place);
    else mergeOneByOne(place);
  }
  return (id) => rank[placeOf[id]!] !== gone;

  /** On ties, the others are merged into this one until one of them is likelier than it. */
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
