export { defineStrategy, type StrategyDefinition, type StrategyFactory } from '../generate/define-strategy.ts';
export { InterruptedError } from '../generate/interrupted-error.ts';
export { generateOptionNames } from '../generate/options.ts';
export { StopStrings } from '../generate/stop.ts';
export type { ChosenToken, Decoding, Row, Run, Settled } from '../generate/strategy.ts';
