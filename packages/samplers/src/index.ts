export { greedy } from './greedy.ts';
export { type MinPOptions, minP } from './min-p.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './repetition-penalty.ts';
export { type TemperatureOptions, temperature } from './temperature.ts';
export { type TopAOptions, topA } from './top-a.ts';
export { type TopKOptions, topK } from './top-k.ts';
export { type TopPOptions, topP } from './top-p.ts';
