export {
  type AnyStrategyFactory,
  defineStrategy,
  parametersOf,
  type StrategyDefinition,
  type StrategyFactory,
} from '../generate/define-strategy.ts';
export { InterruptedError } from '../generate/interrupted-error.ts';
export { generateOptions } from '../generate/options.ts';
export { SequenceText } from '../generate/sequence-text.ts';
export { StopStrings } from '../generate/stop.ts';
export type { ChosenToken, Decoding, Row, Run, Settled } from '../generate/strategy.ts';
