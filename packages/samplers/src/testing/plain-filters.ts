/**
 * The filters as their papers define them, in float64 and with a full sort. The fast forms are compared with them. Each maps
 * probabilities (0 for a removed token) to whether a token stays.
 */
export type PlainFilter = (p: readonly number[]) => readonly boolean[];

const sumOf = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const entropyOf = (p: readonly number[]): number => sumOf(p.map((value) => (value > 0 ? -value * Math.log(value) : 0)));

/** The softmax. */
export function plainSoftmax(logits: ArrayLike<number>): number[] {
  const top = Math.max(...Array.from(logits));
  const weights = Array.from(logits, (logit) => Math.exp(logit - top));
  const total = sumOf(weights);
  return weights.map((weight) => weight / total);
}

/** The kept probabilities, normalized. */
export function plainDistribution(filter: PlainFilter): (p: readonly number[]) => number[] {
  return (p) => {
    const stays = filter(p);
    const kept = p.map((value, id) => (stays[id] === true ? value : 0));
    const total = sumOf(kept);
    return kept.map((value) => value / total);
  };
}

/** Ids by rising key; on ties, the lower id first. Removed tokens are left out. */
function order(p: readonly number[], key: (id: number) => number): number[] {
  return [...p.keys()].filter((id) => p[id]! > 0).sort((a, b) => key(a) - key(b) || a - b);
}

const falling = (p: readonly number[]): number[] => order(p, (id) => -p[id]!);
const only = (p: readonly number[], ids: readonly number[]): boolean[] => p.map((_, id) => ids.includes(id));
const atLeast = (p: readonly number[], threshold: number): boolean[] =>
  p.map((value) => value > 0 && (value >= threshold || value === Math.max(...p)));

/** The shortest prefix of an order whose mass reaches `mass`. */
function prefix(p: readonly number[], ids: readonly number[], mass: number): number[] {
  let before = 0;
  return ids.filter((id) => {
    const stays = before < mass;
    before += p[id]!;
    return stays;
  });
}

export const plainTopK =
  (k: number, ties: 'exactly-k' | 'keep-all' = 'exactly-k'): PlainFilter =>
  (p) => {
    const first = falling(p).slice(0, k);
    return ties === 'exactly-k' ? only(p, first) : p.map((value) => value > 0 && value >= p[first.at(-1)!]!);
  };

export const plainTopP =
  (mass: number): PlainFilter =>
  (p) =>
    only(p, prefix(p, falling(p), mass));

export const plainMinP =
  (share: number): PlainFilter =>
  (p) =>
    p.map((value) => value > 0 && value >= share * Math.max(...p));

export const plainTopA =
  (ratio: number, power: number): PlainFilter =>
  (p) =>
    atLeast(p, ratio * Math.max(...p) ** power);

export const plainEpsilon =
  (epsilon: number): PlainFilter =>
  (p) =>
    atLeast(p, epsilon);

/** Hewitt et al. 2022: the smaller of epsilon and sqrt(epsilon) exp(-H). */
export const plainEta =
  (epsilon: number): PlainFilter =>
  (p) =>
    atLeast(p, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(p))));

/** Meister et al. 2022: by |H + ln p|, rising, until the mass is reached, and all that tie with the last. */
export const plainTypical =
  (mass: number): PlainFilter =>
  (p) => {
    const entropy = entropyOf(p);
    const distance = (id: number): number => Math.abs(-Math.log(p[id]!) - entropy);
    const last = prefix(p, order(p, distance), mass).at(-1)!;
    return p.map((value, id) => value > 0 && distance(id) <= distance(last));
  };

/** Potraghloo et al. 2025, over the `candidates` most probable. */
export const plainTopH =
  (h: number, candidates = 100): PlainFilter =>
  (p) => {
    const ids = falling(p).slice(0, candidates);
    const total = sumOf(ids.map((id) => p[id]!));
    const shares = ids.map((id) => (-p[id]! / total) * Math.log(p[id]! / total));
    const allowed = h * sumOf(shares);
    const count = shares.findIndex((_, i) => sumOf(shares.slice(0, i + 1)) > allowed);
    return only(p, ids.slice(0, Math.max(1, count < 0 ? ids.length : count)));
  };

/** Tang et al. 2024; logits are ln p up to a constant, which cancels out. */
export const plainTopNSigma =
  (n: number): PlainFilter =>
  (p) => {
    const logits = p.filter((value) => value > 0).map(Math.log);
    const mean = sumOf(logits) / logits.length;
    const sigma = Math.sqrt(sumOf(logits.map((logit) => (logit - mean) ** 2)) / logits.length);
    return p.map(
      (value) => value > 0 && (Math.log(value) >= Math.max(...logits) - n * sigma || value === Math.max(...p)),
    );
  };

/** Tan et al. 2025. */
export const plainPLess =
  (normalized = false): PlainFilter =>
  (p) => {
    const collision = sumOf(p.map((value) => value * value));
    const size = p.length;
    return atLeast(p, normalized ? (size * collision - 1) / Math.max(1, size - 1) : collision);
  };

/** When it acts: of the tokens at or above the threshold, only the last in falling order stays. */
export const plainXtc =
  (threshold: number): PlainFilter =>
  (p) => {
    const choices = falling(p).filter((id) => p[id]! >= threshold);
    return p.map((value, id) => value > 0 && (!choices.includes(id) || id === choices.at(-1)));
  };

/** Bricken 2019: until the absolute second differences, as shares of their sum, exceed z. */
export const plainTailFree =
  (z: number, minKeep = 1): PlainFilter =>
  (p) => {
    const ids = falling(p);
    const first = ids.slice(1).map((id, i) => p[id]! - p[ids[i]!]!);
    const second = first.slice(1).map((difference, i) => Math.abs(difference - first[i]!));
    const total = sumOf(second);
    let running = 0;
    const cut = second.findIndex((bend, i) => {
      running += total > 1e-6 ? bend / total : 1 / second.length;
      return running > z && i >= minKeep;
    });
    return only(p, cut < 0 ? ids : ids.slice(0, cut));
  };

/** Basu et al. 2020, the first step: mu is 2 tau. */
export const plainMirostat2 =
  (tau: number): PlainFilter =>
  (p) =>
    p.map((value, id) => value > 0 && (-Math.log2(value) <= 2 * tau || id === falling(p)[0]));

/** Basu et al. 2020, the first step: k from the slope of the m most probable. */
export const plainMirostat1 =
  (tau: number, m = 100): PlainFilter =>
  (p) => {
    const ids = falling(p);
    const t: number[] = [];
    const b: number[] = [];
    for (let i = 0; i + 1 < Math.min(m, ids.length); i++) {
      t.push(Math.log((i + 2) / (i + 1)));
      b.push(Math.log(p[ids[i]!]! / p[ids[i + 1]!]!));
    }
    const s = sumOf(t.map((value, i) => value * b[i]!)) / sumOf(t.map((value) => value * value));
    const e = s - 1;
    const k = ((e * 2 ** (2 * tau)) / (1 - p.length ** -e)) ** (1 / s);
    return only(p, s > 0 && k < p.length ? ids.slice(0, Math.max(1, Math.floor(k))) : ids);
  };

/** The first step of adaptive-p: the aim is the target itself. */
export function plainAdaptiveP(target: number): (p: readonly number[]) => number[] {
  return (p) =>
    plainSoftmax(
      p.map((value) => {
        const x = Math.abs(value - target) / 0.3;
        return value > 0 ? 5 - (10 * x * x) / (1 + x) : -Infinity;
      }),
    );
}

/** p^(1 / T), T from the entropy. */
export function plainDynamicTemperature(t: number, range: number, exponent = 1): (p: readonly number[]) => number[] {
  return (p) => {
    const count = p.filter((value) => value > 0).length;
    const [low, high] = [Math.max(0, t - range), t + range];
    const chosen = low + (high - low) * (entropyOf(p) / Math.log(count)) ** exponent;
    return plainSoftmax(p.map((value) => Math.log(value) / chosen));
  };
}
