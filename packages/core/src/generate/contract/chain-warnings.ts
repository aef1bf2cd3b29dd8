import { type ChainWarning, checkChain } from '../../sampling/check-chain.ts';
import type { Json } from '../../sampling/sampler.ts';
import type { ResolvedOptions } from './options.ts';

/** Warn about orders of the call's chain that make no sense. The call continues. */
export function warnAboutChain({ samplers, strategy, onWarning = tellOnce }: ResolvedOptions): void {
  for (const warning of checkChain(samplers, { domain: domainOf(strategy?.parameters) })) onWarning(warning);
}

const told = new Set<string>();

/** The default of `onWarning`: one line on the console, once for each sentence. */
function tellOnce({ message }: ChainWarning): void {
  if (told.has(message)) return;
  told.add(message);
  console.warn(`tokenwright: ${message}`);
}

/** Beam search says in its parameters what it gives the chain. */
function domainOf(parameters: Json | undefined): 'logits' | 'log-probabilities' {
  const named = typeof parameters === 'object' && parameters !== null && 'domain' in parameters;
  return named && parameters.domain === 'log-probabilities' ? 'log-probabilities' : 'logits';
}
