export {
  type AnyStrategyFactory,
  defineStrategy,
  parametersOf,
  type StrategyDefinition,
  type StrategyFactory,
} from '../generate/define-strategy.ts';
export { generateOptions } from '../generate/options.ts';
export { StopStrings } from '../generate/results/stop.ts';
export { InterruptedError } from '../generate/run/interrupted-error.ts';
export { SequenceText } from '../generate/run/sequence-text.ts';
export type { ChosenToken, Decoding, Row, Run, Settled } from '../generate/strategy.ts';
