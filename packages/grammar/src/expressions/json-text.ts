import { byteSet, type Expression } from './expression.ts';
import type { Expressions } from './expressions.ts';
import { type CodePoints, codePoints, contains, intersection, ordered, utf8 } from './utf8.ts';

const quote = 0x22;
const backslash = 0x5c;

/** What may be in a JSON string as it is. */
const rawSet: CodePoints = [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x10ffff];

/** The code points that `JSON.stringify` escapes. */
const escaped: readonly number[] = [quote, backslash, ...Array.from({ length: 32 }, (_, point) => point)];

/**
 * The pieces of JSON text. A canonical string is spelled as `JSON.stringify` spells it, so equal values have equal text;
 * a full string may use every escape.
 */
export class JsonText {
  readonly make: Expressions;
  readonly canonicalChar: Expression;
  readonly fullChar: Expression;
  /** Any canonical string, with quotes. */
  readonly canonicalString: Expression;
  /** Any string, with quotes. */
  readonly fullString: Expression;
  readonly quote: Expression;
  readonly #sets: Map<string, Expression> = new Map();

  /** @param base the same pieces, made by the base of `make`. */
  constructor(make: Expressions, base?: JsonText) {
    this.make = make;
    if (base !== undefined) {
      this.quote = base.quote;
      this.canonicalChar = base.canonicalChar;
      this.fullChar = base.fullChar;
      this.canonicalString = base.canonicalString;
      this.fullString = base.fullString;
      return;
    }
    this.quote = make.literal(utf8('"'));
    this.canonicalChar = this.char([0, 0x10ffff]);
    const hex = make.bytes(byteSet([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]));
    const byte = (text: string): Expression =>
      make.bytes(byteSet(...Array.from(text, (c) => [c.charCodeAt(0), c.charCodeAt(0)] as const)));
    const ordinary = make.or([
      make.concat(
        make.bytes(byteSet([0x30, 0x39], [0x41, 0x43], [0x61, 0x63], [0x45, 0x46], [0x65, 0x66])),
        hex,
        hex,
        hex,
      ),
      make.concat(byte('dD'), byte('01234567'), hex, hex),
    ]);
    const pair = make.concat(
      byte('dD'),
      byte('89abAB'),
      hex,
      hex,
      make.literal(utf8('\\u')),
      byte('dD'),
      byte('cdefCDEF'),
      hex,
      hex,
    );
    const escapes = make.switch(
      new Map([
        [
          backslash,
          make.or([
            ...Array.from('"\\/bfnrt', (c) => make.literal(utf8(c))),
            make.literal(utf8('u'), make.or([ordinary, pair])),
          ]),
        ],
      ]),
    );
    this.fullChar = make.or([codePoints(make, rawSet), escapes]);
    this.canonicalString = this.string(make.repeat(this.canonicalChar, 0, Number.POSITIVE_INFINITY));
    this.fullString = this.string(make.repeat(this.fullChar, 0, Number.POSITIVE_INFINITY));
  }

  /** A body in quotes. */
  string(body: Expression): Expression {
    return this.make.concat(this.quote, body, this.quote);
  }

  /** One canonical character of the set. */
  char(set: CodePoints): Expression {
    const key = set.join();
    let result = this.#sets.get(key);
    if (result === undefined) {
      const escapes = escaped.filter((point) => contains(set, point));
      result = this.make.or([
        codePoints(this.make, intersection(ordered(set), rawSet)),
        this.make.literals(escapes.map((point) => utf8(JSON.stringify(String.fromCodePoint(point)).slice(1, -1)))),
      ]);
      this.#sets.set(key, result);
    }
    return result;
  }

  /** The text of one value. */
  value(value: unknown): Uint8Array {
    return utf8(JSON.stringify(value));
  }
}
