/** A set of code points, asked one at a time. Answers are remembered, so that Unicode properties cost a table lookup. */
export class CodeSet {
  readonly #contains: (code: number) => boolean;
  /** 0 unknown, 1 outside, 2 inside; one table per 256 code points, made when the first of them is asked for. */
  readonly #pages: (Uint8Array | undefined)[] = [];

  constructor(contains: (code: number) => boolean) {
    this.#contains = contains;
  }

  has(code: number): boolean {
    let page = this.#pages[code >> 8];
    if (page === undefined) {
      page = new Uint8Array(256);
      this.#pages[code >> 8] = page;
    }
    const known = page[code & 255]!;
    if (known !== 0) return known === 2;
    const inside = this.#contains(code);
    page[code & 255] = inside ? 2 : 1;
    return inside;
  }
}

/** The code points that a regular expression for one character accepts. */
export function codesOf(one: RegExp): (code: number) => boolean {
  return (code) => one.test(String.fromCodePoint(code));
}

const set = (body: string): CodeSet => new CodeSet(codesOf(new RegExp(`^[${body}]$`, 'u')));

/** Unicode's White_Space. JavaScript's `\s` also holds U+FEFF and lacks U+0085. */
export const whiteSpace: CodeSet = set('\\p{White_Space}');
/** Letters, marks, decimal digits, connectors and joiners: a word character of Rust's regular expressions. */
export const wordCodes: CodeSet = set('\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}');
/** Digits and numbers of every script. */
export const numeric: CodeSet = set('\\p{N}');
