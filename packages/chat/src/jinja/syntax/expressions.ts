import type { Value } from '../values/values.ts';
import type { ArithmeticOperator, CallArguments, ComparisonOperator, Expression, Optional } from './nodes.ts';
import type { TokenStream } from './token-stream.ts';

const comparisons = ['==', '!=', '<', '<=', '>', '>='];
const words: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};
const noArguments: CallArguments = { args: [], keywords: [], rest: undefined, restKeywords: undefined };

/** Where an expression without parentheses may become a tuple, and what ends it. */
interface TupleOptions {
  readonly conditional?: boolean;
  readonly isInParentheses?: boolean;
  readonly endsBefore?: readonly string[];
}

/** An expression, or several with commas between them, which make a tuple. */
export function parseTuple(stream: TokenStream, options: TupleOptions = {}): Expression {
  const { conditional = true, isInParentheses = false, endsBefore = [] } = options;
  const { line } = stream.current;
  const items: Expression[] = [];
  let isTuple = false;
  while (true) {
    if (items.length > 0) stream.expect('operator', ',');
    if (
      stream.is('variable end') ||
      stream.is('block end') ||
      stream.isOperator(')') ||
      stream.isName(...endsBefore, '')
    )
      break;
    items.push(parseExpression(stream, conditional));
    if (!stream.isOperator(',')) break;
    isTuple = true;
  }
  if (!isTuple) {
    if (items[0] !== undefined) return items[0];
    if (!isInParentheses) stream.fail(`an expression was expected, not ${stream.found}`);
  }
  return { type: 'tuple', items, line };
}

export function parseExpression(stream: TokenStream, conditional = true): Expression {
  return conditional ? parseChoice(stream) : parseOr(stream);
}

function parseChoice(stream: TokenStream): Expression {
  let result = parseOr(stream);
  while (stream.isName('if')) {
    const { line } = stream.next();
    const test = parseOr(stream);
    const otherwise: Optional = stream.skip('name', 'else') ? parseChoice(stream) : undefined;
    result = { type: 'choice', test, value: result, otherwise, line };
  }
  return result;
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream);
  while (stream.isName('or')) {
    const { line } = stream.next();
    left = { type: 'or', left, right: parseAnd(stream), line };
  }
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream);
  while (stream.isName('and')) {
    const { line } = stream.next();
    left = { type: 'and', left, right: parseNot(stream), line };
  }
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (!stream.isName('not')) return parseComparison(stream);
  const { line } = stream.next();
  return { type: 'not', of: parseNot(stream), line };
}

function parseComparison(stream: TokenStream): Expression {
  const { line } = stream.current;
  const first = parseSum(stream);
  const rest: (readonly [ComparisonOperator, Expression])[] = [];
  while (true) {
    if (stream.isOperator(...comparisons)) {
      const { text } = stream.next();
      rest.push([text as ComparisonOperator, parseSum(stream)]);
    } else if (stream.skip('name', 'in')) rest.push(['in', parseSum(stream)]);
    else if (stream.isName('not') && stream.following?.type === 'name' && stream.following.text === 'in') {
      stream.next();
      stream.next();
      rest.push(['not in', parseSum(stream)]);
    } else return rest.length === 0 ? first : { type: 'compare', first, rest, line };
  }
}

/** Operators of one precedence, from the left. */
function parseArithmetic(
  stream: TokenStream,
  operators: readonly ArithmeticOperator[],
  operand: (stream: TokenStream) => Expression,
): Expression {
  let left = operand(stream);
  while (stream.isOperator(...operators)) {
    const { text, line } = stream.next();
    left = { type: 'arithmetic', operator: text as ArithmeticOperator, left, right: operand(stream), line };
  }
  return left;
}

function parseSum(stream: TokenStream): Expression {
  return parseArithmetic(stream, ['+', '-'], parseConcat);
}

function parseConcat(stream: TokenStream): Expression {
  const { line } = stream.current;
  const items = [parseProduct(stream)];
  while (stream.skip('operator', '~')) items.push(parseProduct(stream));
  return items.length === 1 ? items[0]! : { type: 'concat', items, line };
}

function parseProduct(stream: TokenStream): Expression {
  return parseArithmetic(stream, ['*', '/', '//', '%'], parsePower);
}

function parsePower(stream: TokenStream): Expression {
  return parseArithmetic(stream, ['**'], parseUnary);
}

/** A sign binds closer than a filter. */
function parseUnary(stream: TokenStream): Expression {
  return parseFilters(stream, parseSigned(stream));
}

function parseSigned(stream: TokenStream): Expression {
  if (!stream.isOperator('-', '+')) return parsePostfix(stream, parsePrimary(stream));
  const { text, line } = stream.next();
  const type = text === '-' ? 'negative' : 'positive';
  return parsePostfix(stream, { type, of: parseSigned(stream), line });
}

function parsePrimary(stream: TokenStream): Expression {
  const { type, text, value, line } = stream.current;
  if (type === 'name') {
    stream.next();
    return Object.hasOwn(words, text)
      ? { type: 'constant', value: words[text]!, line }
      : { type: 'name', name: text, line };
  }
  if (type === 'number') {
    stream.next();
    return { type: 'constant', value: value!, line };
  }
  if (type === 'string') {
    let all = '';
    while (stream.is('string')) all += stream.next().text;
    return { type: 'constant', value: all, line };
  }
  if (stream.skip('operator', '(')) {
    const inside = parseTuple(stream, { isInParentheses: true });
    stream.expect('operator', ')');
    return inside;
  }
  if (stream.skip('operator', '['))
    return { type: 'list', items: separated(stream, ']', () => parseExpression(stream)), line };
  if (stream.skip('operator', '{')) {
    const items = separated(stream, '}', () => {
      const key = parseExpression(stream);
      stream.expect('operator', ':');
      return [key, parseExpression(stream)] as const;
    });
    return { type: 'dict', items, line };
  }
  return stream.fail(`an expression was expected, not ${stream.found}`);
}

/** Parts with commas between them, up to a closing operator. A last comma is allowed. */
function separated<Part>(stream: TokenStream, close: string, parse: () => Part): Part[] {
  const parts: Part[] = [];
  while (!stream.isOperator(close)) {
    if (parts.length > 0) stream.expect('operator', ',');
    if (stream.isOperator(close)) break;
    parts.push(parse());
  }
  stream.expect('operator', close);
  return parts;
}

function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let result = start;
  while (stream.isOperator('.', '[', '(')) {
    const { line, text } = stream.current;
    if (text === '(') result = parseCall(stream, result);
    else {
      stream.next();
      result = text === '.' ? parseMember(stream, result, line) : parseItem(stream, result, line);
    }
  }
  return result;
}

function parseMember(stream: TokenStream, of: Expression, line: number): Expression {
  const { type, text, value } = stream.next();
  if (type === 'name') return { type: 'member', of, name: text, line };
  if (type === 'number' && typeof value === 'bigint')
    return { type: 'item', of, key: { type: 'constant', value, line }, line };
  return stream.fail("a name or a number was expected after '.'", line);
}

function parseItem(stream: TokenStream, of: Expression, line: number): Expression {
  const keys = separated(stream, ']', () => parseKey(stream));
  if (keys.length === 0) stream.fail("a key was expected in '[]'", line);
  return { type: 'item', of, key: keys.length === 1 ? keys[0]! : { type: 'tuple', items: keys, line }, line };
}

function parseKey(stream: TokenStream): Expression {
  const { line } = stream.current;
  const part = (): Optional => (stream.isOperator(':', ']', ',') ? undefined : parseExpression(stream));
  const start = part();
  if (start !== undefined && !stream.isOperator(':')) return start;
  stream.expect('operator', ':');
  const stop = part();
  const step = stream.skip('operator', ':') ? part() : undefined;
  return { type: 'slice', start, stop, step, line };
}

function parseCall(stream: TokenStream, callee: Expression): Expression {
  const { line } = stream.current;
  return { type: 'call', callee, given: parseArguments(stream), line };
}

function parseArguments(stream: TokenStream): CallArguments {
  const { line } = stream.expect('operator', '(');
  const args: Expression[] = [];
  const keywords: (readonly [string, Expression])[] = [];
  let rest: Optional;
  let restKeywords: Optional;
  const ensure = (isAllowed: boolean): void => {
    if (!isAllowed) stream.fail('the arguments of a call are in the wrong order', line);
  };
  separated(stream, ')', () => {
    if (stream.skip('operator', '*')) {
      ensure(rest === undefined && restKeywords === undefined);
      rest = parseExpression(stream);
    } else if (stream.skip('operator', '**')) {
      ensure(restKeywords === undefined);
      restKeywords = parseExpression(stream);
    } else if (stream.is('name') && stream.following?.type === 'operator' && stream.following.text === '=') {
      ensure(restKeywords === undefined);
      const { text } = stream.next();
      stream.next();
      keywords.push([text, parseExpression(stream)]);
    } else {
      ensure(rest === undefined && restKeywords === undefined && keywords.length === 0);
      args.push(parseExpression(stream));
    }
  });
  return { args, keywords, rest, restKeywords };
}

function parseFilters(stream: TokenStream, start: Expression): Expression {
  let result = start;
  while (true) {
    if (stream.skip('operator', '|')) result = parseFilter(stream, result);
    else if (stream.isName('is')) result = parseTest(stream, result);
    else if (stream.isOperator('(')) result = parseCall(stream, result);
    else return result;
  }
}

/** A filter after its '|', and more of them after the first when `of` is undefined, for blocks. */
export function parseFilter(stream: TokenStream, of: Optional): Expression {
  const { line } = stream.current;
  const name = parseDottedName(stream);
  const given = stream.isOperator('(') ? parseArguments(stream) : noArguments;
  return { type: 'filter', name, of, given, line };
}

/** Filters of a block: `upper | trim`. What they apply to is the text of the block. */
export function parseBlockFilters(stream: TokenStream): Expression {
  let result = parseFilter(stream, undefined);
  while (stream.skip('operator', '|')) result = parseFilter(stream, result);
  return result;
}

function parseDottedName(stream: TokenStream): string {
  let name = stream.expect('name').text;
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').text}`;
  return name;
}

function parseTest(stream: TokenStream, of: Expression): Expression {
  const { line } = stream.next();
  const isNegated = stream.skip('name', 'not');
  const name = parseDottedName(stream);
  let given = noArguments;
  const { type } = stream.current;
  const startsValue = type === 'name' || type === 'string' || type === 'number' || stream.isOperator('[', '{');
  if (stream.isOperator('(')) given = parseArguments(stream);
  else if (startsValue && !stream.isName('else', 'or', 'and')) {
    if (stream.isName('is')) stream.fail("tests with 'is' cannot be chained");
    given = { ...noArguments, args: [parsePostfix(stream, parsePrimary(stream))] };
  }
  const test: Expression = { type: 'test', name, of, given, line };
  return isNegated ? { type: 'not', of: test, line } : test;
}
