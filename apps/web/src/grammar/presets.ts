import { defaults, type GrammarKind } from '../settings.ts';

/** A grammar to start from. */
export interface GrammarPreset {
  readonly title: string;
  readonly kind: GrammarKind;
  readonly text: string;
}

const pretty = (schema: object): string => JSON.stringify(schema, undefined, 2);
const raw = String.raw;

export const grammarPresets: readonly GrammarPreset[] = [
  { title: 'A person', kind: 'schema', text: defaults.grammar.text },
  {
    title: 'The log of a voyage',
    kind: 'schema',
    text: pretty({
      type: 'object',
      properties: {
        ship: { type: 'string', minLength: 3, maxLength: 20 },
        left: { type: 'string', format: 'date' },
        ports: {
          type: 'array',
          items: { enum: ['London', 'Lisbon', 'Genoa', 'Bombay'] },
          minItems: 2,
          uniqueItems: true,
        },
        lost: { type: ['integer', 'null'], minimum: 1, maximum: 99 },
      },
      required: ['ship', 'left', 'ports', 'lost'],
      additionalProperties: false,
    }),
  },
  {
    title: 'Either or',
    kind: 'schema',
    text: pretty({
      anyOf: [
        {
          type: 'object',
          properties: { kind: { const: 'letter' }, to: { type: 'string', maxLength: 16 } },
          required: ['kind', 'to'],
          additionalProperties: false,
        },
        {
          type: 'object',
          properties: { kind: { const: 'visit' }, hour: { type: 'integer', minimum: 0, maximum: 23 } },
          required: ['kind', 'hour'],
          additionalProperties: false,
        },
      ],
    }),
  },
  {
    title: 'A family tree, which refers to itself',
    kind: 'schema',
    text: pretty({
      $ref: '#/$defs/person',
      $defs: {
        person: {
          type: 'object',
          properties: {
            name: { type: 'string', pattern: '^[A-Z][a-z]{2,8}$' },
            children: { type: 'array', items: { $ref: '#/$defs/person' }, maxItems: 2 },
          },
          required: ['name', 'children'],
          additionalProperties: false,
        },
      },
    }),
  },
  { title: 'A date', kind: 'regex', text: raw` \d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])` },
  { title: 'A sentence of short words', kind: 'regex', text: raw`( [a-z]{1,4}){6,12}\.` },
  { title: 'Two lines without the letter e', kind: 'regex', text: raw`([ ,'a-df-zA-DF-Z]{20,60}\n){2}` },
  {
    title: 'Sums',
    kind: 'gbnf',
    text: 'root ::= sum " = " number\nsum ::= term (" + " term)+\nterm ::= number | "(" sum ")"\nnumber ::= [1-9] [0-9]{0,2}',
  },
  {
    title: 'A list',
    kind: 'gbnf',
    text: 'root ::= item{3}\nitem ::= "\\n- " [A-Z] [a-z ]{8,30}',
  },
  {
    title: 'A dialogue',
    kind: 'gbnf',
    text: 'root ::= turn turn turn\nturn ::= "\\n" name ": " [A-Z] [a-z, ]{10,50} [.!?]\nname ::= "Captain" | "Sailor"',
  },
];

/** The presets of one kind. */
export function presetsOf(kind: GrammarKind): readonly GrammarPreset[] {
  return grammarPresets.filter((preset) => preset.kind === kind);
}
