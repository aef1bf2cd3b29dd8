/** A value of a JSON text that may not be whole yet. `open`: more of it may come. Texts are as they are written, quotes included. */
export type PartialJson =
  | { readonly kind: 'object'; readonly entries: readonly PartialEntry[]; readonly open: boolean }
  | { readonly kind: 'array'; readonly items: readonly PartialJson[]; readonly open: boolean }
  | { readonly kind: 'string' | 'number' | 'literal'; readonly text: string; readonly open: boolean };

export interface PartialEntry {
  readonly name: string;
  /** Absent while only the name, or a part of it, is there. */
  readonly value?: PartialJson;
}

/** Read the beginning of a JSON text. Undefined when there is nothing yet, or when it is not JSON. */
export function partialJson(text: string): PartialJson | undefined {
  return new Reader(text).value();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): PartialJson | undefined {
    this.#space();
    const first = this.#text[this.#at];
    if (first === '{') return this.#object();
    if (first === '[') return this.#array();
    if (first === '"') return { kind: 'string', ...this.#string() };
    if (first === undefined || !/[-\dtfn]/.test(first)) return undefined;
    const [word = ''] = /^[-+.\w]+/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += word.length;
    const isAtEnd = this.#at === this.#text.length;
    if (/^[tfn]/.test(word)) return { kind: 'literal', text: word, open: !['true', 'false', 'null'].includes(word) };
    return { kind: 'number', text: word, open: isAtEnd };
  }

  #object(): PartialJson {
    const entries: PartialEntry[] = [];
    this.#at++;
    for (;;) {
      this.#space();
      if (this.#take('}')) return { kind: 'object', entries, open: false };
      if (this.#text[this.#at] !== '"') return { kind: 'object', entries, open: true };
      const { text: name, open } = this.#string();
      this.#space();
      if (open || !this.#take(':')) return { kind: 'object', entries: [...entries, { name }], open: true };
      const value = this.value();
      entries.push(value === undefined ? { name } : { name, value });
      this.#space();
      if (!this.#take(',') && this.#text[this.#at] !== '}') return { kind: 'object', entries, open: true };
    }
  }

  #array(): PartialJson {
    const items: PartialJson[] = [];
    this.#at++;
    for (;;) {
      this.#space();
      if (this.#take(']')) return { kind: 'array', items, open: false };
      const value = this.value();
      if (value === undefined) return { kind: 'array', items, open: true };
      items.push(value);
      this.#space();
      if (!this.#take(',') && this.#text[this.#at] !== ']') return { kind: 'array', items, open: true };
    }
  }

  #string(): { readonly text: string; readonly open: boolean } {
    const [text = ''] = /^"(?:[^"\\]|\\[\s\S])*"?/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += text.length;
    return { text, open: !/^"(?:[^"\\]|\\[\s\S])*"$/.test(text) };
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }
}
