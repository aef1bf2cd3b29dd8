/** A list of token ids that can grow. */
export class TokenList {
  length = 0;
  #ids = new Int32Array(16);

  push(ids: ArrayLike<number>): void {
    const length = this.length + ids.length;
    if (length > this.#ids.length) {
      const grown = new Int32Array(length * 2);
      grown.set(this.view());
      this.#ids = grown;
    }
    this.#ids.set(ids, this.length);
    this.length = length;
  }

  view(): Int32Array {
    return this.#ids.subarray(0, this.length);
  }

  copy(): TokenList {
    const copy = new TokenList();
    copy.push(this.view());
    return copy;
  }
}
