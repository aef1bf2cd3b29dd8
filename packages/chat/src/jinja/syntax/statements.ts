import { TemplateProblem } from '../values/problem.ts';
import { parseBlockFilters, parseExpression, parseTuple } from './expressions.ts';
import { tokenize } from './lexer.ts';
import type { Expression, MacroBody, Optional, Parameter, Statement, Target } from './nodes.ts';
import { TokenStream } from './token-stream.ts';

/** Statements of Jinja2 that need other templates or the escaping of HTML. */
const refused: readonly string[] = ['autoescape', 'block', 'extends', 'from', 'import', 'include'];
const reserved: readonly string[] = ['true', 'True', 'false', 'False', 'none', 'None'];

/** A template as statements. @throws TemplateProblem of kind 'syntax' or 'unsupported', with the line. */
export function parseTemplate(source: string): Statement[] {
  return new StatementParser(new TokenStream(tokenize(source))).all();
}

class StatementParser {
  readonly #stream: TokenStream;
  /** Loops around the current statement, within the current macro. */
  #loops = 0;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  all(): Statement[] {
    return this.#statements([]);
  }

  /** Statements up to one of these tags, whose name is then the current token; or to the end. */
  #statements(ends: readonly string[]): Statement[] {
    const stream = this.#stream;
    const statements: Statement[] = [];
    while (!stream.is('end')) {
      const { line, text } = stream.current;
      if (stream.is('data')) {
        stream.next();
        statements.push({ type: 'data', text, line });
      } else if (stream.is('variable begin')) {
        stream.next();
        statements.push({ type: 'print', items: [parseTuple(stream)], line });
        stream.expect('variable end');
      } else {
        stream.expect('block begin');
        if (ends.length > 0 && stream.isName(...ends)) return statements;
        statements.push(this.#statement());
        stream.expect('block end');
      }
    }
    if (ends.length > 0) stream.fail(`'${ends[0]}' is missing`);
    return statements;
  }

  /** The statements of a tag up to its end, which is read. */
  #body(end: string): Statement[] {
    this.#stream.expect('block end');
    const statements = this.#statements([end]);
    this.#stream.expect('name', end);
    return statements;
  }

  #statement(): Statement {
    const stream = this.#stream;
    const { text: tag, line } = stream.expect('name');
    switch (tag) {
      case 'if':
        return this.#if(line);
      case 'for':
        return this.#for(line);
      case 'set':
        return this.#set(line);
      case 'with':
        return this.#with(line);
      case 'macro': {
        const name = this.#name();
        return { type: 'macro', macro: this.#macro(name, this.#parameters(), 'endmacro'), line };
      }
      case 'call':
        return this.#call(line);
      case 'filter':
        return { type: 'filter block', filter: parseBlockFilters(stream), body: this.#body('endfilter'), line };
      case 'print': {
        const items: Expression[] = [];
        while (!stream.is('block end')) {
          if (items.length > 0) stream.expect('operator', ',');
          items.push(parseExpression(stream));
        }
        return { type: 'print', items, line };
      }
      case 'generation':
        return { type: 'generation', body: this.#outsideLoops(() => this.#body('endgeneration')), line };
      case 'break':
      case 'continue':
        if (this.#loops === 0) stream.fail(`'${tag}' is outside of a loop`, line);
        return { type: tag, line };
      default:
        if (refused.includes(tag))
          throw new TemplateProblem('unsupported', `the statement '${tag}' is not supported`, line);
        return stream.fail(`there is no statement '${tag}'`, line);
    }
  }

  #if(line: number): Statement {
    const stream = this.#stream;
    const test = parseTuple(stream, { conditional: false });
    stream.expect('block end');
    const body = this.#statements(['elif', 'else', 'endif']);
    const end = stream.next();
    let otherwise: Statement[] = [];
    if (end.text === 'elif') otherwise = [this.#if(end.line)];
    else if (end.text === 'else') otherwise = this.#body('endif');
    return { type: 'if', test, body, otherwise, line };
  }

  #for(line: number): Statement {
    const stream = this.#stream;
    const target = this.#target(['in']);
    if (namesIn(target).has('loop')) stream.fail("'loop' cannot be assigned by a loop", line);
    stream.expect('name', 'in');
    const items = parseTuple(stream, { conditional: false, endsBefore: ['recursive'] });
    const filter: Optional = stream.skip('name', 'if') ? parseExpression(stream) : undefined;
    const isRecursive = stream.skip('name', 'recursive');
    stream.expect('block end');
    this.#loops++;
    const body = this.#statements(['endfor', 'else']);
    this.#loops--;
    const otherwise = stream.next().text === 'else' ? this.#body('endfor') : [];
    return { type: 'for', target, items, filter, isRecursive, body, otherwise, line };
  }

  #set(line: number): Statement {
    const stream = this.#stream;
    const target = this.#target([], true);
    if (stream.skip('operator', '=')) return { type: 'set', target, value: parseTuple(stream), line };
    const filter: Optional = stream.skip('operator', '|') ? parseBlockFilters(stream) : undefined;
    return { type: 'set block', target, filter, body: this.#body('endset'), line };
  }

  #with(line: number): Statement {
    const stream = this.#stream;
    const values: (readonly [Target, Expression])[] = [];
    while (!stream.is('block end')) {
      if (values.length > 0) stream.expect('operator', ',');
      const target = this.#one();
      stream.expect('operator', '=');
      values.push([target, parseExpression(stream)]);
    }
    return { type: 'with', values, body: this.#body('endwith'), line };
  }

  #call(line: number): Statement {
    const stream = this.#stream;
    const parameters = stream.isOperator('(') ? this.#parameters() : [];
    const call = parseExpression(stream);
    if (call.type !== 'call') return stream.fail("'call' wants a call of a macro", line);
    return { type: 'call block', call, caller: this.#macro('caller', parameters, 'endcall'), line };
  }

  #macro(name: string, parameters: readonly Parameter[], end: string): MacroBody {
    const body = this.#outsideLoops(() => this.#body(end));
    return { name, parameters, body, reads: namesIn(body) };
  }

  #outsideLoops<Result>(parse: () => Result): Result {
    const loops = this.#loops;
    this.#loops = 0;
    const result = parse();
    this.#loops = loops;
    return result;
  }

  #parameters(): Parameter[] {
    const stream = this.#stream;
    const parameters: Parameter[] = [];
    stream.expect('operator', '(');
    while (!stream.isOperator(')')) {
      if (parameters.length > 0) stream.expect('operator', ',');
      const name = this.#name();
      const preset: Optional = stream.skip('operator', '=') ? parseExpression(stream) : undefined;
      if (preset === undefined && parameters.at(-1)?.preset !== undefined)
        stream.fail('a parameter without a default follows one with a default');
      parameters.push({ name, preset });
    }
    stream.expect('operator', ')');
    return parameters;
  }

  #name(): string {
    const { text, line } = this.#stream.expect('name');
    if (reserved.includes(text)) this.#stream.fail(`'${text}' cannot be assigned`, line);
    return text;
  }

  /** One target, or several with commas. */
  #target(endsBefore: readonly string[], withMembers = false): Target {
    const stream = this.#stream;
    const { line } = stream.current;
    const items: Target[] = [this.#one(withMembers)];
    let isTuple = false;
    while (stream.skip('operator', ',')) {
      isTuple = true;
      if (!stream.is('name') && !stream.isOperator('(')) break;
      if (stream.isName(...endsBefore, '')) break;
      items.push(this.#one(withMembers));
    }
    return isTuple ? { type: 'tuple', items, line } : items[0]!;
  }

  #one(withMembers = false): Target {
    const stream = this.#stream;
    const { line } = stream.current;
    if (stream.skip('operator', '(')) {
      const target = this.#target([], withMembers);
      stream.expect('operator', ')');
      return target;
    }
    const name = this.#name();
    if (withMembers && stream.skip('operator', '.'))
      return { type: 'member', name, member: stream.expect('name').text, line };
    return { type: 'name', name, line };
  }
}

/** Names that loops assign, which nobody gives to a template. */
export function loopNames(nodes: unknown, found: Set<string> = new Set(['loop'])): Set<string> {
  if (typeof nodes !== 'object' || nodes === null) return found;
  if ('type' in nodes && nodes.type === 'for' && 'target' in nodes) namesIn(nodes.target, found);
  for (const part of Object.values(nodes)) loopNames(part, found);
  return found;
}

/** Every name that is read or assigned somewhere in these nodes. */
export function namesIn(nodes: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof nodes !== 'object' || nodes === null) return found;
  if ('type' in nodes && 'name' in nodes && (nodes.type === 'name' || nodes.type === 'member'))
    if (typeof nodes.name === 'string' && !('of' in nodes)) found.add(nodes.name);
  for (const part of Object.values(nodes)) namesIn(part, found);
  return found;
}
