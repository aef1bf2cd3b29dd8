import { TokenwrightError } from '@tokenwright/core';

/** Root of the errors of this package. */
export class GrammarError extends TokenwrightError {
  override readonly name: string = 'GrammarError';
}

/** A grammar or a pattern cannot be read. */
export class GrammarSyntaxError extends GrammarError {
  override readonly name: string = 'GrammarSyntaxError';
  /** The pattern or the grammar. */
  readonly text: string;
  /** Place of the problem in `text`, in UTF-16 units. */
  readonly position: number;
  /** Line of the problem, from 1. */
  readonly line: number;
  /** Column of the problem in its line, from 1, in UTF-16 units. */
  readonly column: number;

  constructor(text: string, position: number, problem: string) {
    const lines = text.slice(0, position).split('\n');
    const line = lines.length;
    const column = lines.at(-1)!.length + 1;
    const place = text.includes('\n') ? `line ${line}, column ${column}` : `position ${position}`;
    const shown = text.length > 60 || text.includes('\n') ? 'the grammar' : `'${text}'`;
    super(`${problem} at ${place} of ${shown}.`);
    this.text = text;
    this.position = position;
    this.line = line;
    this.column = column;
  }
}

/** A JSON Schema uses something that cannot be enforced. Nothing is compiled. */
export class UnsupportedSchemaError extends GrammarError {
  override readonly name: string = 'UnsupportedSchemaError';
  /** The keyword that is not supported. */
  readonly keyword: string;
  /** JSON pointer of the schema that has the keyword, as a fragment: '#/properties/a'. */
  readonly pointer: string;
  /** What follows the keyword in the message, without the period. */
  readonly problem: string;

  constructor(keyword: string, pointer: string, problem: string) {
    super(`${pointer}: '${keyword}' ${problem}.`);
    this.keyword = keyword;
    this.pointer = pointer;
    this.problem = problem;
  }
}

/** A JSON Schema that no instance conforms to. */
export class UnsatisfiableSchemaError extends GrammarError {
  override readonly name: string = 'UnsatisfiableSchemaError';
  readonly pointer: string;

  constructor(pointer: string) {
    super(`${pointer}: no instance conforms to this schema.`);
    this.pointer = pointer;
  }
}

/** A grammar is larger than the limits allow, or a text of it costs more to read. */
export class GrammarLimitError extends GrammarError {
  override readonly name: string = 'GrammarLimitError';
  readonly limit: number;

  constructor(what: string, limit: number, options?: ErrorOptions) {
    super(`The grammar has more than ${limit} ${what}.`, options);
    this.limit = limit;
  }
}

/** No token of the vocabulary continues the text. */
export class GrammarDeadEndError extends GrammarError {
  override readonly name: string = 'GrammarDeadEndError';
  /** The text so far. */
  readonly text: string;
  /** Where the text is in the schema or the grammar. */
  readonly pointer: string;
  /** What may follow, as characters and bytes. */
  readonly allowed: string;

  constructor(pointer: string, text: string, allowed: string, problem: string) {
    const shown = text.length > 80 ? `...${text.slice(-77)}` : text;
    super(`${problem} at ${pointer} after '${shown}'. Allowed next: ${allowed}.`);
    this.pointer = pointer;
    this.text = text;
    this.allowed = allowed;
  }
}
