import {
  checkInteger,
  checkOptionNames,
  type HostSampler,
  logSumExp,
  ParameterError,
  topTokens,
} from '@tokenwright/core';

export interface InfillOptions {
  /** The text of a token; '' for one that has none. */
  readonly text: (id: number) => string;
  /** The token that ends an infill. Default: the first end token of the run. */
  readonly endToken?: number;
  /**
   * What the draw sees of a token into which others were merged: its own logit (`'own'`, as in llama.cpp, which merges only to
   * decide what stays), or the merged mass (`'merged'`). Default `'own'`.
   */
  readonly mass?: 'own' | 'merged';
}

/**
 * For filling a gap in the middle of a text (llama.cpp). Meant after top-k and top-p:
 *
 * 1. When 3 * n * P(end tokens) > P(other tokens), n tokens being left, only end tokens stay.
 * 2. Otherwise tokens of which one text begins the other are merged into the likelier one.
 * 3. Others than end tokens go when p < 0.2. When none is left, only `endToken` stays, or the likeliest if that was removed.
 * 4. What stays is normalised, and of it goes what has p < 1 / (number of others + 1).
 *
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function infill(options: InfillOptions): HostSampler {
  checkOptionNames('infill', options, ['text', 'endToken', 'mass']);
  const { text, mass = 'own' } = options;
  if (typeof text !== 'function') throw new ParameterError('infill', 'text', 'a function from id to text', text);
  if (mass !== 'own' && mass !== 'merged') throw new ParameterError('infill', 'mass', "'own' or 'merged'", mass);
  if (options.endToken !== undefined) checkInteger('infill', 'endToken', options.endToken, 0);
  return {
    name: 'infill',
    parameters: { ...(options.endToken === undefined ? {} : { endToken: options.endToken }), mass },
    algebra: {
      domain: 'probabilities',
      shiftInvariant: true,
      scaleInvariant: false,
      keepsArgMax: false,
      narrows: true,
      removes: 'filter',
      singleRow: true,
      sorts: true,
    },
    onHost: (logits, step) => {
      const normaliser = logSumExp(logits, step.survivors);
      if (!Number.isFinite(normaliser)) return;
      const isEnd = (id: number): boolean => step.endTokens.includes(id);
      const ids = Array.from(topTokens(logits, logits.length, step.survivors));
      const tokens = ids.map((id) => ({ id, p: Math.exp(logits[id]! - normaliser) }));
      const sum = (of: readonly Token[]): number => of.reduce((total, { p }) => total + p, 0);

      const ends = tokens.filter(({ id }) => isEnd(id));
      const endMass = sum(ends);
      if (3 * endMass * tokens.length > sum(tokens) - endMass) {
        step.keep(logits, ids.filter(isEnd));
        return;
      }
      const likely = mergePrefixes(tokens, text).filter(({ id, p }) => p >= 0.2 || isEnd(id));
      const others = likely.filter(({ id }) => !isEnd(id)).length;
      if (others === 0) {
        const end = options.endToken ?? step.endTokens[0];
        step.keep(logits, [end !== undefined && logits[end]! > -Infinity ? end : ids[0]!]);
        return;
      }
      const border = sum(likely) / (others + 1);
      const kept = likely.filter(({ id, p }) => p >= border || isEnd(id));
      step.keep(
        logits,
        kept.map(({ id }) => id),
      );
      if (mass === 'merged') for (const { id, p } of kept) logits[id] = Math.log(p) + normaliser;
    },
  };
}

interface Token {
  readonly id: number;
  readonly p: number;
}

/** By falling probability; each token takes in, or is taken in by, those that its text begins. */
function mergePrefixes(tokens: readonly Token[], text: (id: number) => string): Token[] {
  const texts = tokens.map(({ id }) => text(id));
  const p = tokens.map((token) => token.p);
  // Texts that begin alike stand together in their order, so each token meets only those that it begins.
  const order = texts.map((_, i) => i).sort((a, b) => (texts[a]! < texts[b]! ? -1 : texts[a]! > texts[b]! ? 1 : a - b));
  const place = new Int32Array(order.length);
  order.forEach((token, at) => {
    place[token] = at;
  });
  const gone = new Set<number>();
  for (let i = 0; i < tokens.length; i++) {
    const start = texts[i]!;
    if (start === '' || gone.has(i)) continue;
    const begun: number[] = [];
    for (let at = place[i]! - 1; at >= 0 && texts[order[at]!] === start; at--) begun.push(order[at]!);
    for (let at = place[i]! + 1; at < order.length && texts[order[at]!]!.startsWith(start); at++)
      begun.push(order[at]!);
    for (const other of begun.sort((a, b) => a - b)) {
      if (gone.has(other)) continue;
      const [into, from] = p[other]! > p[i]! ? [other, i] : [i, other];
      p[into]! += p[from]!;
      gone.add(from);
      if (from === i) break;
    }
  }
  return tokens.flatMap(({ id }, i) => (gone.has(i) ? [] : [{ id, p: p[i]! }]));
}
