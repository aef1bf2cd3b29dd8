/**
 * The parameters of a golden case. Each must be read or be declared as having no effect. A parameter that no adapter reads makes the
 * case fail, so that a case cannot pass with different parameters than recorded.
 */
export class Params {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #unread: Set<string>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
    this.#unread = new Set(Object.keys(values));
  }

  /** The value; undefined when it is absent or null. */
  read(name: string): unknown {
    this.#unread.delete(name);
    return this.#values[name] ?? undefined;
  }

  number(name: string): number | undefined {
    const value = this.read(name);
    if (value === undefined || typeof value === 'number') return value;
    throw new TypeError(`parameter ${name}: ${JSON.stringify(value)} is not a number`);
  }

  /** A number that the case must have. */
  required(name: string): number {
    const value = this.number(name);
    if (value === undefined) throw new TypeError(`parameter ${name} is missing`);
    return value;
  }

  /** One id or a list of ids. */
  ids(name: string): readonly number[] | undefined {
    const value = this.read(name);
    return value === undefined ? undefined : Array.isArray(value) ? (value as number[]) : [value as number];
  }

  /** Lists of ids. */
  lists(name: string): readonly (readonly number[])[] | undefined {
    return this.read(name) as readonly (readonly number[])[] | undefined;
  }

  /** Declare that these parameters cannot change what is compared, each with its reason. */
  without(names: Readonly<Record<string, string>>): this {
    for (const name of Object.keys(names)) this.#unread.delete(name);
    return this;
  }

  /** Call after all parameters are read. */
  finish(): void {
    if (this.#unread.size > 0)
      throw new TypeError(`parameters that no adapter reads: ${[...this.#unread].sort().join(', ')}`);
  }
}
