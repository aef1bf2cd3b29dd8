import { TemplateProblem } from '../values/problem.ts';
import type { Token, TokenType } from './lexer.ts';

/** The tokens that are still to be read. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at]!;
  }

  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'end') this.#at++;
    return token;
  }

  is(type: TokenType, ...texts: readonly string[]): boolean {
    return this.current.type === type && (texts.length === 0 || texts.includes(this.current.text));
  }

  isOperator(...texts: readonly string[]): boolean {
    return this.is('operator', ...texts);
  }

  isName(...texts: readonly string[]): boolean {
    return this.is('name', ...texts);
  }

  /** Read this name or operator if it is next. */
  skip(type: 'name' | 'operator', text: string): boolean {
    if (!this.is(type, text)) return false;
    this.#at++;
    return true;
  }

  expect(type: TokenType, text?: string): Token {
    if (!this.is(type, ...(text === undefined ? [] : [text])))
      this.fail(`'${text ?? type}' was expected, not ${this.found}`);
    return this.next();
  }

  /** The current token, for errors. */
  get found(): string {
    const { type, text } = this.current;
    return type === 'end' ? 'the end of the template' : `'${text.trim()}'`;
  }

  fail(problem: string, line: number = this.current.line): never {
    throw new TemplateProblem('syntax', problem, line);
  }
}
