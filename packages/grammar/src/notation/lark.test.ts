import { ParameterError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { GrammarSyntaxError, lark } from '../index.ts';
import { accepts } from '../testing/accepts.ts';

const arithmetic = `
  // Sums of products, as Lark's users write them.
  ?start: sum
  ?sum: product
      | sum "+" product   -> add
      | sum "-" product   -> sub
  ?product: atom
      | product "*" atom  -> mul
      | product "/" atom  -> div
  ?atom: NUMBER           -> number
       | "-" atom         -> neg
       | CNAME            -> var
       | "(" sum ")"
  %import common.CNAME
  %import common.NUMBER
  %import common.WS_INLINE
  %ignore WS_INLINE
`;

const json = `
  start: value
  ?value: object | array | ESCAPED_STRING -> string | SIGNED_NUMBER -> number
        | "true" | "false" | "null"
  array : "[" [value ("," value)*] "]"
  object: "{" [pair ("," pair)*] "}"
  pair: ESCAPED_STRING ":" value
  %import common (ESCAPED_STRING, SIGNED_NUMBER, WS)
  %ignore WS
`;

const query = `
  start: select ";"?
  select: "select"i columns "from"i NAME [where] [order] ["limit"i INT]
  columns: "*" | NAME ("," NAME)*
  where: "where"i condition
  condition: condition "and"i comparison | comparison
  comparison: NAME OPERATOR (INT | STRING)
  order.2: "order"i "by"i NAME ["asc"i | "desc"i]
  OPERATOR: "=" | "<" ["="] | ">" "="?
  NAME.-1: /[a-z_][a-z0-9_]*/i
  STRING: "'" /[^']*/ "'"
  INT: DIGIT+
  %import common.DIGIT
  %import common.SQL_COMMENT -> COMMENT
  %ignore /\\s+/
  %ignore COMMENT
`;

const settings = `
  start: section+
  section: "[" WORD "]" NEWLINE (entry NEWLINE)~1..3
  entry: WORD "=" (HEX | COLOR)
  HEX: "0x"i ("0".."9" | "a".."f")~4
  COLOR: /#[0-9a-f]{6}/i   # six digits
  %import common (WORD, NEWLINE)
`;

const call = `
  start: "call" NAME %json {
    "type": "object",
    "properties": { "text": { "type": "string", "pattern": "^[a-z{}\\"]*$" }, "times": { "type": "integer", "minimum": 1 } },
    "required": ["text", "times"],
    "additionalProperties": false
  } "."
  NAME: ("a".."z")+
  %ignore " "
`;

describe('lark', () => {
  it.each<[string, string, string[], string[]]>([
    [
      'arithmetic',
      arithmetic,
      ['1', '1 + 2*x', '-(a-1)/3.5e2', ' 1 - 2 - 3 ', '--2', '((1))'],
      ['', '1+', '(1', '1 2', '*3', 'a b'],
    ],
    [
      'JSON',
      json,
      ['{"a": [1, -2.5, "x\\"y"], "b": {}}', '[]', ' null ', '"x"', '[\n]'],
      ['{a:1}', '[1,]', '"a', '{"a" 1}', '01x'],
    ],
    [
      'queries',
      query,
      [
        'SELECT * FROM users',
        "select a, b from t where a = 1 and b >= 'x y' order by a DESC limit 10;",
        'select a -- all\n from t',
      ],
      ['select from t where', 'select * from t limit x', "select a from t where a = 'x"],
    ],
    [
      'settings',
      settings,
      ['[main]\nsize=0X12ab\n', '[a]\nb=#FF00aa\nc=0xffff\n\n[d]\ne=0x0000\n'],
      ['[main]\n', '[main]\nsize = 0x12ab\n', '[a]\nb=0xFFFF\n', '[a]\nb=0x12\n', '[a]\nb=#ff00a\n'],
    ],
    [
      'JSON inside a rule',
      call,
      ['call say {"text":"a{}b","times":2}.', 'call x{ "text" : "", "times" : 1 } .'],
      [
        'call say {"text":"A","times":2}.',
        'call say {"text":"a","times":0}.',
        'call say {}',
        'say {"text":"","times":1}.',
      ],
    ],
    ['case', 'start: "Äb"i /[^xy]z/i', ['äB1Z', 'ÄBaz'], ['äbXz', 'äbyZ', 'abaz']],
    ['nothing but a terminal', 'start: A\nA: "a"~2\n%ignore " "', ['aa', ' aa  '], ['a a', 'a']],
    [
      'an alternative that is the rule',
      'start: start | "a" | start start "b"',
      ['a', 'aab', 'aaabb'],
      ['', 'ab', 'aa'],
    ],
    ['nested optional parts', 'start: ["a" ["b" ["c"]]] "d"', ['d', 'ad', 'abd', 'abcd'], ['acd', 'bd']],
  ])('%s', (_, grammar, good, bad) => {
    const machine = lark(grammar);
    for (const text of good) expect([text, accepts(machine, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(machine, text)]).toEqual([text, false]);
  });

  it('starts with another rule', () => {
    expect(accepts(lark(arithmetic, { start: 'atom' }), '(1+2)')).toBe(true);
    expect(accepts(lark(arithmetic, { start: 'atom' }), '1+2')).toBe(false);
    expect(() => lark(arithmetic, { start: 'x' })).toThrow(ParameterError);
    expect(() => lark(arithmetic, { root: 'x' } as never)).toThrow("unknown option 'root'");
    expect(() => lark(3 as never)).toThrow(ParameterError);
  });

  it.each<[string, string, number, number]>([
    ['start: list{"a"}', 'a template', 1, 12],
    ['start: "a"\nlist{x}: x', 'a template', 2, 5],
    ['start: A\n%declare A', "'%declare'", 2, 1],
    ['start: A\n%extend A: "b"', "'%extend'", 2, 1],
    ['start: A\n%import python.NAME', "elsewhere than 'common'", 2, 9],
    ['start: A\n%import common.A', "the terminal 'A', which is not among DIGIT", 2, 16],
    ['start: "a" b', "the unknown rule 'b'", 1, 12],
    ['start: "a\n  b: "c"', 'without a closing', 1, 8],
    ['start: ("a" | "b"', "'(' without ')'", 1, 8],
    ['start: "a"\n  | /b(?<=c)/', 'a regular expression that cannot be used', 2, 5],
    ['start: /a/s', "the flags 's'", 1, 8],
    ['start: "a"~3..2', 'the larger bound first', 1, 11],
    ['start: "b".."a"', 'the larger end first', 1, 8],
    ['start: "\\q"', "the escape '\\q'", 1, 8],
    ['start: A\nA: "a" A?', 'which refers to itself', 2, 1],
    ['start: A\nA: "a" start', "which uses the rule 'start'", 2, 1],
    ['start: a "x"\na: start "y" | "z"', 'left recursion', 1, 1],
    ['start: "a" start', 'matches no text', 1, 1],
    ['start: "a"\nstart: "b"', "a second rule 'start'", 2, 1],
    ['start: %json {"type": "text"}', 'a schema that cannot be used', 1, 8],
    ['start: %json {"type": ', "'%json' without a closing", 1, 8],
    ['start: %lark {}', "'%' that is not '%json {...}'", 1, 8],
    ['start "a"', "':' is missing", 1, 7],
    ['Start: "a"', "the name 'Start'", 1, 1],
    ['start: "a" ] "b"', "an unexpected ']'", 1, 12],
  ])('refuses %j', (grammar, problem, line, column) => {
    const compile = (): unknown => lark(grammar);
    expect(compile).toThrow(GrammarSyntaxError);
    expect(compile).toThrow(problem);
    expect(compile).toThrow(expect.objectContaining({ line, column }));
  });
});
