export {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNumber,
  checkSignal,
  checkString,
} from '../check/check.ts';
export { checkOption, checkOptions, optionsToJson } from '../check/check-options.ts';
export { defineFactory } from '../check/define-factory.ts';
export { isObject } from '../check/kind-of.ts';
export { checkIds, checkList, checkTokens, isList } from '../check/lists.ts';
export type { Option, OptionDeclarations, OptionKind, OptionsOf, OptionValue, OptionValues } from '../check/option.ts';
export {
  booleanOption,
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  optional,
  textOption,
  tokenListsOption,
  tokensOption,
} from '../check/option-kinds.ts';
export {
  checkOptionNames,
  isArray,
  isInstance,
  isPlainObject,
  namesOf,
  readable,
  readOptions,
  readRecord,
} from '../check/read-options.ts';
export { type OuterNames, underNames } from '../check/rename-errors.ts';
export { checkModel } from '../model/check-model.ts';
export { checkSampler, checkSamplers } from '../sampling/check-samplers.ts';
export { checkTokenizer } from '../text/check-tokenizer.ts';
