export {
  type AnyStrategyFactory,
  defineStrategy,
  parametersOf,
  type StrategyDefinition,
  type StrategyFactory,
} from '../generate/contract/define-strategy.ts';
export { InterruptedError } from '../generate/contract/interrupted-error.ts';
export { generateOptions } from '../generate/contract/options.ts';
export { SequenceText } from '../generate/contract/sequence-text.ts';
export { StopStrings } from '../generate/contract/stop.ts';
export type { ChosenToken, Decoding, Row, Run, Settled } from '../generate/contract/strategy.ts';
