import {
  alternatives,
  choices,
  GrammarError,
  type GrammarPart,
  jsonSchema,
  type Machine,
  regularExpression,
  repeated,
  type Schema,
  sequence,
  textWithout,
  UnsatisfiableSchemaError,
  UnsupportedSchemaError,
} from '@tokenwright/grammar';
import { tokenMark } from '../marked-tokens.ts';
import { ToolSchemaError } from '../tool-call.ts';
import { isText, type ToolSchema } from '../tool-definitions.ts';
import type { ParameterTags } from '../tool-format.ts';

type Json = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about an instance. */
const notes: ReadonlySet<string> = new Set([
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
]);
const objectKeywords: ReadonlySet<string> = new Set(['type', 'properties', 'required', 'additionalProperties']);
const textKeywords: ReadonlySet<string> = new Set(['type', 'enum', 'const', 'minLength', 'maxLength', 'pattern']);

/** Where JSON allows white space, at most one space: a weak model could write white space on and on. */
const layout = { whitespacePattern: ' ?' } as const;

/** Grammars of the arguments of one tool. */
export class ArgumentsGrammar {
  readonly #owner: string;
  readonly #tool: string;
  readonly #root: Json;

  constructor(owner: string, tool: string, { schema }: ToolSchema) {
    this.#owner = owner;
    this.#tool = tool;
    this.#root = schema.type === undefined ? { ...schema, type: 'object' } : schema;
    if (this.#root.type !== 'object') this.#refuse('#', 'the type is not object');
  }

  /** A JSON object. */
  json(): Machine {
    return this.#json(this.#root, '#');
  }

  /** Tagged values in the order of the schema. */
  tagged({ begin, between, end }: ParameterTags): Machine {
    const parts: GrammarPart[] = [];
    for (const { name, schema, required, pointer } of this.#properties(this.#root, '#')) {
      const value = isText(schema) ? this.#text(schema, pointer, end.trim()) : this.#json(schema, pointer);
      const tagged = sequence([begin, name, between, value, end]);
      parts.push(required ? tagged : alternatives(['', tagged]));
    }
    return sequence(parts);
  }

  /** FunctionGemma's object, whose names are sorted as its template sorts them. */
  escaped(quote: string): Machine {
    return this.#escapedObject(this.#root, '#', quote);
  }

  #escaped(schema: Json, pointer: string, quote: string): GrammarPart {
    if (isText(schema)) return sequence([quote, this.#text(schema, pointer, quote), quote]);
    if (schema.type === 'object') return this.#escapedObject(schema, pointer, quote);
    if (schema.type === 'array') {
      this.#only(schema, pointer, new Set(['type', 'items', 'minItems', 'maxItems']));
      const item = this.#escaped(isJson(schema.items) ? schema.items : {}, `${pointer}/items`, quote);
      const { minItems = 0, maxItems = Infinity } = schema as {
        readonly minItems?: number;
        readonly maxItems?: number;
      };
      return sequence(['[', repeated(item, { min: minItems, max: maxItems, separator: ',' }), ']']);
    }
    const plain: readonly unknown[] = ['number', 'integer', 'boolean', 'null'];
    if (plain.includes(schema.type)) return this.#json(schema, pointer);
    return this.#refuse(pointer, 'needs one type, which this format writes in its own way');
  }

  #escapedObject(schema: Json, pointer: string, quote: string): Machine {
    const properties = this.#properties(schema, pointer).sort((a, b) => (a.name < b.name ? -1 : 1));
    const written = properties.map(({ name, schema: inner, pointer: at }) =>
      sequence([pointer === '#' ? name : `${quote}${name}${quote}`, ':', this.#escaped(inner, at, quote)]),
    );
    // The rest of an object from one property on. Only what is written first has no comma before it.
    let first: GrammarPart = '';
    let later: GrammarPart = '';
    for (let at = properties.length - 1; at >= 0; at--) {
      const [asFirst, asLater]: [Machine, Machine] = [
        sequence([written[at]!, later]),
        sequence([',', written[at]!, later]),
      ];
      const { required } = properties[at]!;
      first = required ? asFirst : alternatives([asFirst, first]);
      later = required ? asLater : alternatives([asLater, later]);
    }
    return sequence(['{', first, '}']);
  }

  /** The properties of an object that says nothing else. */
  #properties(
    schema: Json,
    pointer: string,
  ): { readonly name: string; readonly schema: Json; readonly required: boolean; readonly pointer: string }[] {
    this.#only(schema, pointer, objectKeywords);
    const { properties = {}, required = [] } = schema;
    const names = Array.isArray(required) ? required : [];
    for (const name of names)
      if (!isJson(properties) || !Object.hasOwn(properties, name as string))
        this.#refuse(`${pointer}/required`, `'${String(name)}' is none of the properties`);
    return Object.entries(properties as Json).map(([name, inner]) => {
      const at = `${pointer}/properties/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const isPlain = /^[\p{L}\p{N}_.\-$ ]+$/u.test(name);
      if (!isPlain) this.#refuse(at, 'has a name that this format cannot write');
      if (inner === false) this.#refuse(at, 'no value conforms to false');
      return { name, schema: isJson(inner) ? inner : {}, required: names.includes(name), pointer: at };
    });
  }

  /** A text as it is, without the text that ends it. */
  #text(schema: Json, pointer: string, end: string): Machine {
    this.#only(schema, pointer, textKeywords);
    const { minLength = 0, maxLength, pattern } = schema;
    const listed = schema.const === undefined ? schema.enum : [schema.const];
    if (Array.isArray(listed)) {
      const texts = listed.filter((one): one is string => typeof one === 'string' && !one.includes(end));
      if (texts.length < listed.length) this.#refuse(pointer, 'lists a value that this format cannot write');
      return choices(texts);
    }
    if (minLength === 0 && maxLength === undefined && pattern === undefined) return textWithout([end, tokenMark]);
    const none = [end, tokenMark].map((text) => `(?![\\s\\S]*${quoted(text)})`).join('');
    const lookahead = pattern === undefined ? '' : this.#lookahead(String(pattern), pointer);
    return this.#compile(pointer, () =>
      regularExpression(
        `${none}${lookahead}[\\s\\S]{${Number(minLength)},${maxLength === undefined ? '' : Number(maxLength)}}`,
      ),
    );
  }

  #lookahead(pattern: string, pointer: string): string {
    const isBegin = pattern.startsWith('^');
    // Not a dollar sign that is escaped.
    const isEnd = /(?<!\\)(?:\\\\)*\$$/.test(pattern);
    if (/[|]/.test(pattern) && (isBegin || isEnd)) this.#refuse(`${pointer}/pattern`, 'has alternatives and anchors');
    const inner = pattern.slice(isBegin ? 1 : 0, isEnd ? -1 : undefined);
    const before = isBegin ? '' : '[\\s\\S]*';
    const after = isEnd ? '' : '[\\s\\S]*';
    return `(?=${before}(?:${inner})${after}$)`;
  }

  /** A JSON value, with the definitions of the whole schema. */
  #json(schema: Json, pointer: string): Machine {
    const { $defs, definitions } = this.#root;
    const whole =
      pointer === '#'
        ? schema
        : {
            ...($defs === undefined ? {} : { $defs }),
            ...(definitions === undefined ? {} : { definitions }),
            ...schema,
          };
    return this.#compile(pointer, () => jsonSchema(whole as Schema, layout));
  }

  #compile(pointer: string, build: () => Machine): Machine {
    try {
      return build();
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      const inner =
        error instanceof UnsupportedSchemaError || error instanceof UnsatisfiableSchemaError ? error.pointer : '#';
      throw new ToolSchemaError(this.#owner, this.#tool, pointer + inner.slice(1), error.message, { cause: error });
    }
  }

  #only(schema: Json, pointer: string, keywords: ReadonlySet<string>): void {
    for (const keyword of Object.keys(schema))
      if (!keywords.has(keyword) && !notes.has(keyword))
        this.#refuse(`${pointer}/${keyword}`, 'cannot be enforced in this format of tool calls');
  }

  #refuse(pointer: string, problem: string): never {
    throw new ToolSchemaError(this.#owner, this.#tool, pointer, problem);
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replaceAll('\u0010', '\\x10');
}
