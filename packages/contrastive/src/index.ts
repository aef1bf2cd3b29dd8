export { type CombineOptions, combine } from './combine.ts';
export { type Influence, influence, type SourceInfluence, samplingWithInfluence } from './influence.ts';
export type { Rule, WeightedLogits } from './rule.ts';
export { type ClassifierFreeGuidanceOptions, classifierFreeGuidance } from './rules/classifier-free-guidance.ts';
export { type ContextAwareOptions, contextAware } from './rules/context-aware.ts';
export { type ContrastiveLiOptions, contrastiveLi } from './rules/contrastive-li.ts';
export { type ContrastiveLogitsOptions, contrastiveLogits } from './rules/contrastive-logits.ts';
export { type DolaOptions, dola } from './rules/dola.ts';
export type { OtherSource } from './source.ts';
