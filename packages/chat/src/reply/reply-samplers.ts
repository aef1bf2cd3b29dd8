import type { MaskSampler, Tokenizer } from '@tokenwright/core';
import { constrain } from '@tokenwright/grammar';
import { markedVocabulary } from '../tools/forcing/marked-vocabulary.ts';
import { reasoningBudget } from '../tools/forcing/reasoning-budget.ts';
import { type ForcedReply, replyGrammar } from '../tools/forcing/reply-grammar.ts';
import type { MarkedTokens } from '../tools/marked-tokens.ts';
import type { ReasoningFormat } from '../tools/tool-format.ts';

/** Samplers that are kept for a tokenizer: a grammar with its masks takes longer to make than to use. */
const keptSamplers = 8;
const kept = new WeakMap<Tokenizer, Map<string, MaskSampler>>();

/** Keeps the calls of a reply in the format, with arguments that conform. @throws ToolSchemaError. */
export function callSampler(tokenizer: Tokenizer, marked: MarkedTokens, forced: ForcedReply): MaskSampler {
  const samplers = kept.get(tokenizer) ?? new Map<string, MaskSampler>();
  kept.set(tokenizer, samplers);
  const key = JSON.stringify({ ...forced, owner: undefined, tools: Array.from(forced.tools) });
  let sampler = samplers.get(key);
  if (sampler === undefined) {
    const vocabulary = markedVocabulary(tokenizer, marked.texts);
    sampler = constrain({ automaton: replyGrammar(forced), vocabulary });
  }
  samplers.delete(key);
  samplers.set(key, sampler);
  for (const [oldest] of samplers) if (samplers.size > keptSamplers) samplers.delete(oldest);
  return sampler;
}

/** Ends the reasoning after a number of tokens. */
export function budgetSampler(
  tokenizer: Tokenizer,
  marked: MarkedTokens,
  reasoning: ReasoningFormat,
  budget: number,
  inReasoning: boolean,
): MaskSampler {
  const closeIds = tokenizer.encode(reasoning.close, { addSpecialTokens: false });
  return reasoningBudget(marked.tokenizer, marked.spellAll(reasoning), closeIds, budget, inReasoning);
}
