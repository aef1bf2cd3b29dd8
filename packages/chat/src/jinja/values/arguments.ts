import { failed } from './problem.ts';
import { isInteger, type Keywords, SafeText, typeName, Undefined, type Value } from './values.ts';

/** Arguments of a call by the names of the parameters, as Python binds them. */
export class Arguments {
  readonly #owner: string;
  readonly #values = new Map<string, Value>();

  /**
   * @param names of the parameters, in order.
   * @throws TemplateProblem for too many arguments and unknown or doubled names.
   */
  constructor(owner: string, names: readonly string[], args: readonly Value[], keywords: Keywords) {
    this.#owner = owner;
    if (args.length > names.length)
      throw failed(`${owner} takes at most ${names.length} arguments, not ${args.length}`);
    for (const [at, value] of args.entries()) this.#values.set(names[at]!, value);
    for (const [name, value] of keywords) {
      if (!names.includes(name)) throw failed(`${owner} has no argument '${name}'`);
      if (this.#values.has(name)) throw failed(`${owner} has two values for '${name}'`);
      this.#values.set(name, value);
    }
  }

  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  required(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw failed(`${this.#owner} needs the argument '${name}'`);
    return value;
  }

  text(name: string, missing?: string): string {
    const value = missing === undefined ? this.required(name) : (this.get(name) ?? missing);
    if (value instanceof SafeText) return value.text;
    if (typeof value === 'string') return value;
    throw this.#wrong(name, value);
  }

  /** A text, or undefined for None and an argument that is left out. */
  optionalText(name: string): string | undefined {
    const value = this.get(name);
    return value === undefined || value === null ? undefined : this.text(name);
  }

  integer(name: string, missing?: number): number {
    const value = this.get(name);
    if (value === undefined && missing !== undefined) return missing;
    if (value === undefined || !isInteger(value)) throw this.#wrong(name, value ?? null);
    const number = Number(value);
    return Math.min(Math.max(number, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  }

  /** An integer, or undefined for None and an argument that is left out. */
  optionalInteger(name: string): number | undefined {
    const value = this.get(name);
    return value === undefined || value === null ? undefined : this.integer(name);
  }

  #wrong(name: string, value: Value): Error {
    if (value instanceof Undefined) value.fail();
    return failed(`the argument '${name}' of ${this.#owner} cannot be a ${typeName(value)}`);
  }
}
