/** A value whose parts may be missing: what a JSON text has said so far. Texts may be unfinished, so a literal type is a `string`. */
export type DeepPartial<Value> = Value extends string
  ? string
  : Value extends readonly (infer Item)[]
    ? number extends Value['length']
      ? readonly DeepPartial<Item>[]
      : { readonly [Index in keyof Value]?: DeepPartial<Value[Index]> }
    : Value extends object
      ? { readonly [Name in keyof Value]?: DeepPartial<Value[Name]> }
      : Value;

/**
 * Reads a JSON text that arrives in pieces, and gives the value of what is there: open texts, lists and objects are closed. A name
 * appears with its value. A number appears when the character after it has come, since '1' may become '12'.
 */
export class PartialJson {
  #text = '';
  /** Characters that are read. */
  #at = 0;
  /** What closes the open lists and objects, innermost first. */
  #open = '';
  /** The text up to here, and then `#closing`, is a JSON text. */
  #safe = 0;
  #closing = '';
  #inText = false;
  #isName = false;
  /** The last bracket or separator. */
  #sign = '';
  /** In a number, `true`, `false` or `null`. */
  #inWord = false;

  /** The value so far, a new one each time; undefined before there is one. */
  push(piece: string): unknown {
    this.#text += piece;
    while (this.#at < this.#text.length) {
      const read = this.#inText ? this.#readText() : this.#readSign(this.#text[this.#at]!);
      if (read === 0) break;
      this.#at += read;
    }
    return this.#safe === 0 ? undefined : JSON.parse(this.#text.slice(0, this.#safe) + this.#closing);
  }

  /** Reads one character of a text; returns the number of UTF-16 units, 0 when the character is not complete. */
  #readText(): number {
    const sign = this.#text[this.#at]!;
    if (sign === '"') {
      this.#inText = false;
      if (!this.#isName) this.#mark(this.#at + 1);
      return 1;
    }
    const length = sign === '\\' ? escapeLength(this.#text.slice(this.#at, this.#at + 12)) : 1;
    if (length > 0 && !this.#isName) this.#mark(this.#at + length, '"');
    return length;
  }

  #readSign(sign: string): number {
    const isWord = /[-+.\w]/.test(sign);
    if (this.#inWord && !isWord) this.#mark(this.#at);
    this.#inWord = isWord;
    if ('{}[],:'.includes(sign)) this.#sign = sign;
    if (sign === '"') {
      this.#inText = true;
      this.#isName = this.#open.startsWith('}') && this.#sign !== ':';
      if (!this.#isName) this.#mark(this.#at + 1, '"');
    } else if (sign === '{' || sign === '[') {
      this.#open = (sign === '{' ? '}' : ']') + this.#open;
      this.#mark(this.#at + 1);
    } else if (sign === '}' || sign === ']') {
      this.#open = this.#open.slice(1);
      this.#mark(this.#at + 1);
    }
    return 1;
  }

  #mark(at: number, closing = ''): void {
    this.#safe = at;
    this.#closing = closing + this.#open;
  }
}

/** Length of an escape at the beginning of a text, both halves of a surrogate pair together; 0 when it is not complete. */
function escapeLength(text: string): number {
  if (text.length < 2) return 0;
  if (text[1] !== 'u') return 2;
  if (text.length < 6) return 0;
  if (!/^\\ud[89ab]/i.test(text)) return 6;
  const mayBePair = '\\u'.startsWith(text.slice(6, 8));
  if (mayBePair && text.length < 12) return 0;
  return mayBePair && /^\\ud[c-f]/i.test(text.slice(6)) ? 12 : 6;
}
