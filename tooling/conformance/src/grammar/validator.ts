import type { Schema } from '@tokenwright/grammar';
import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import AjvDraft04 from 'ajv-draft-04';
import addFormats, { type FormatName } from 'ajv-formats';

const options: Options = {
  strict: false,
  logger: false,
  // As JavaScript's patterns without the flag u, which schemas are written for.
  unicodeRegExp: false,
  multipleOfPrecision: 9,
};

/** Formats of the specification. Ajv knows more, such as 'url', which are notes for us. */
const formats: FormatName[] = [
  ...(['date-time', 'date', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uri-reference'] as const),
  ...(['uuid', 'json-pointer', 'relative-json-pointer'] as const),
];

/** Ajv's judgment of a schema; undefined for a schema that Ajv does not compile. */
export function validator(schema: Schema): ((value: unknown) => boolean) | undefined {
  const dialect = typeof schema === 'object' && typeof schema.$schema === 'string' ? schema.$schema : '';
  const Kind = /draft-0[34]/.test(dialect) ? AjvDraft04.default : /draft-0[67]/.test(dialect) ? Ajv : Ajv2020;
  try {
    const ajv = new Kind(options);
    addFormats.default(ajv as Ajv, formats);
    // Ajv knows a dialect by its exact name only.
    const plain = typeof schema === 'object' ? { ...schema } : schema;
    if (typeof plain === 'object') delete (plain as { $schema?: unknown }).$schema;
    const validate = ajv.compile(plain);
    return (value) => validate(value) === true;
  } catch {
    return undefined;
  }
}
