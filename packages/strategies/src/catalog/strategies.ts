// The strategies of this package, one line each. The registry and the main entry are derived from this list.
export { type BeamSearchOptions, beamSearch } from '../beams/beam-search.ts';
export { type ConstrainedBeamSearchOptions, constrainedBeamSearch } from '../beams/constrained-beam-search.ts';
export { type GroupBeamSearchOptions, groupBeamSearch } from '../beams/group-beam-search.ts';
export { type StochasticBeamsOptions, stochasticBeams } from '../beams/stochastic-beams.ts';
export { type BestOfOptions, bestOf } from '../reranking/best-of.ts';
export { type ContrastiveSearchOptions, contrastiveSearch } from '../reranking/contrastive-search.ts';
export { type SpeculativeOptions, speculative } from '../speculation/speculative.ts';
