import {
  alternatives,
  choices,
  constrain,
  createVocabulary,
  forcedText,
  gbnf,
  jsonSchema,
  lark,
  regularExpression,
  repeated,
  sequence,
  stopWhenComplete,
  textUpTo,
  textWithout,
  triggered,
} from '@tokenwright/grammar';
import { options, type Parameter, type Target, types } from './target.ts';

const loose = (name: string, type: Parameter['type'] = types.any, valid?: unknown): Parameter => ({
  name,
  type,
  valid,
});

const yes = choices(['yes']);
const vocabulary = createVocabulary(['y', 'e', 's'].map((text) => new TextEncoder().encode(text)));
const tokenizer = { vocabSize: 3, encode: () => [0], decode: () => 'y' };
const automaton: Parameter = { name: 'automaton', type: types.record, valid: yes };
const tokens: Parameter = { name: 'vocabulary', type: types.record, valid: vocabulary };

export const grammarTargets: readonly Target[] = [
  {
    name: 'jsonSchema',
    // What a schema says wrongly is named by its JSON pointer.
    parameters: [{ name: 'schema', type: types.any, valid: true, alsoNamed: ['#'] }, options],
    options: [
      loose('whitespaceFlexible', types.flag),
      { ...loose('whitespacePattern', types.text), alsoNamed: ["of '", 'in a pattern'] },
      loose('itemSeparator', types.text),
      loose('keySeparator', types.text),
      loose('propertyOrder', types.text),
      loose('coerceOneOf', types.flag),
      loose('strict', types.flag),
      loose('lenient', types.flag),
      loose('assertFormats', types.flag),
      loose('draft', types.text),
      loose('schemas', types.record),
      loose('uri', types.text),
    ],
    call: (schema, given) => jsonSchema(schema as never, given as never).initial,
  },
  {
    name: 'regularExpression',
    parameters: [{ name: 'pattern', type: types.text, valid: 'a', alsoNamed: ["of '", 'in a pattern'] }],
    call: (pattern) => regularExpression(pattern as never).initial,
  },
  {
    name: 'gbnf',
    parameters: [
      { name: 'grammar', type: types.text, valid: 'root ::= "a"', alsoNamed: ['root', 'of the grammar', "of '"] },
      options,
    ],
    options: [loose('root', types.text)],
    call: (grammar, given) => gbnf(grammar as never, given as never).initial,
  },
  {
    name: 'lark',
    parameters: [
      { name: 'grammar', type: types.text, valid: 'start: "a"', alsoNamed: ['start', 'of the grammar', "of '"] },
      options,
    ],
    options: [loose('start', types.text)],
    call: (grammar, given) => lark(grammar as never, given as never).initial,
  },
  {
    name: 'choices',
    parameters: [{ name: 'texts', type: types.list, valid: ['a'] }],
    call: (texts) => choices(texts as never).initial,
  },
  {
    name: 'triggered',
    parameters: [{ ...options, alsoNamed: ['triggers', 'tags'] }],
    options: [
      { ...loose('triggers', types.list, ['<t>']), alsoNamed: ['tags'] },
      loose('tags', types.list, [{ begin: '<t>', content: yes, end: '</t>' }]),
      loose('atLeastOne', types.flag),
      loose('stopAfterFirst', types.flag),
    ],
    call: (given) => triggered(given as never).initial,
  },
  {
    name: 'sequence',
    parameters: [{ name: 'parts', type: types.list, valid: ['a', yes] }],
    call: (parts) => sequence(parts as never).initial,
  },
  {
    name: 'alternatives',
    parameters: [{ name: 'parts', type: types.list, valid: ['a', yes] }],
    call: (parts) => alternatives(parts as never).initial,
  },
  {
    name: 'repeated',
    parameters: [{ name: 'part', type: types.any, valid: 'a', alsoNamed: ['parts[0]', 'A part'] }, options],
    options: [loose('min', types.integer), loose('max', types.any), loose('separator', types.text)],
    call: (part, given) => repeated(part as never, given as never).initial,
  },
  {
    name: 'textUpTo',
    parameters: [
      { name: 'end', type: types.text, valid: 'a' },
      { name: 'without', type: types.list },
    ],
    call: (end, without) => textUpTo(end as never, without as never).initial,
  },
  {
    name: 'textWithout',
    parameters: [{ name: 'texts', type: types.list, valid: ['a'] }],
    call: (texts) => textWithout(texts as never).initial,
  },
  {
    name: 'constrain',
    parameters: [{ ...options, alsoNamed: ['automaton'] }],
    options: [automaton, tokens],
    call: (given) => constrain(given as never),
  },
  {
    name: 'forcedText',
    parameters: [{ ...options, alsoNamed: ['automaton'] }],
    options: [
      automaton,
      tokens,
      { ...loose('tokenizer', types.record), valid: tokenizer },
      loose('numAssistantTokens', types.integer),
    ],
    call: (given) => forcedText(given as never),
  },
  {
    name: 'stopWhenComplete',
    parameters: [{ ...options, alsoNamed: ['automaton'] }],
    options: [automaton, tokens],
    call: (given) => stopWhenComplete(given as never),
  },
  {
    name: 'createVocabulary',
    parameters: [{ name: 'bytes', type: types.list, valid: [new Uint8Array()] }],
    call: (bytes) => createVocabulary(bytes as never),
  },
];
