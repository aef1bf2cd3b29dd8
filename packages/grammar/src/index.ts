export { type ConstrainOptions, constrain } from './constrain.ts';
export {
  GrammarDeadEndError,
  GrammarError,
  GrammarLimitError,
  GrammarSyntaxError,
  UnsatisfiableSchemaError,
  UnsupportedSchemaError,
} from './errors.ts';
export { type ForcedTextDrafter, type ForcedTextOptions, forcedText } from './forced-text.ts';
export type { Automaton } from './machine/automaton.ts';
export type { Machine, MachineState } from './machine/machine.ts';
export { choices } from './notation/choices.ts';
export {
  alternatives,
  type GrammarPart,
  type RepeatedOptions,
  repeated,
  sequence,
  textUpTo,
  textWithout,
} from './notation/combine.ts';
export { type GbnfOptions, gbnf } from './notation/gbnf.ts';
export { type LarkOptions, lark } from './notation/lark.ts';
export { regularExpression } from './notation/regular-expression.ts';
export { type TriggeredOptions, type TriggeredTag, triggered } from './notation/triggered.ts';
export { type JsonSchemaOptions, jsonSchema } from './schema/json-schema.ts';
export type { Schema } from './schema/references.ts';
export { stopWhenComplete } from './stop-when-complete.ts';
export { tokenMasks } from './vocabulary/automaton-mask.ts';
export { tokenizerBytes, tokenizerVocabulary } from './vocabulary/tokenizer-vocabulary.ts';
export { createVocabulary, type Vocabulary } from './vocabulary/vocabulary.ts';
