import { describeFinish, type EndEvent } from '@tokenwright/core';

/** '120 tokens, 151 a second (prompt of 5 read in 109 ms); the context is full' */
export function rateLine(ends: readonly EndEvent[]): string {
  const tokens = ends.reduce((sum, { usage }) => sum + usage.completionTokens, 0);
  const last = ends.reduce<EndEvent | undefined>(
    (a, b) => (a === undefined || b.timing.total > a.timing.total ? b : a),
    undefined,
  );
  if (last === undefined) return 'stopped before the first token';
  const { prefill, total } = last.timing;
  // Strategies that decide late emit all tokens at once, so only the total time gives their speed.
  const strategy = last.options.strategy?.value as { name: string } | undefined;
  const late = /beam|best-of/.test(strategy?.name ?? '');
  const rate = late
    ? (tokens / total) * 1000
    : total > prefill
      ? ((tokens - ends.length) / (total - prefill)) * 1000
      : 0;
  const speed = rate > 0 ? `, ${rate.toFixed(rate < 10 ? 1 : 0)} tokens/s` : '';
  const counted = `${tokens} ${tokens === 1 ? 'token' : 'tokens'}`;
  const times = late
    ? `${(total / 1000).toFixed(1)} s in all`
    : `prompt of ${last.usage.promptTokens} read in ${Math.round(prefill)} ms`;
  const { draftedTokens = 0, acceptedTokens = 0 } = last.usage;
  const drafts = draftedTokens === 0 ? '' : `; ${acceptedTokens} of ${draftedTokens} drafted tokens accepted`;
  return `${counted}${speed} (${times})${drafts}; ${describeFinish(last)}`;
}
