export { checkInteger, checkNumber, checkOptionNames } from '../check/check.ts';
export {
  booleanOption,
  checkOptions,
  checkTokens,
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  type Option,
  type OptionDeclarations,
  type OptionKind,
  type OptionsOf,
  type OptionValue,
  type OptionValues,
  optional,
  optionsToJson,
  tokensOption,
} from '../check/option.ts';
