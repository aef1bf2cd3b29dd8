import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Template } from './template.ts';
import { Budget } from './values/budget.ts';
import { fromData } from './values/from-data.ts';
import { TemplateProblem } from './values/problem.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Texts of Jinja2, or null where it fails. `record.py` next to the file makes them. */
const golden = JSON.parse(readFileSync(new URL('../../goldens/jinja2.json', import.meta.url), 'utf8')) as {
  readonly madeBy: string;
  readonly variables: Variables;
  readonly templates: readonly (readonly [string, string | null])[];
  readonly chats: Readonly<Record<'templates' | 'messages' | 'options', Readonly<Record<string, unknown>>>>;
  readonly chatTexts: readonly (readonly [string, string, string, string | null])[];
};

/** The text, or null for a problem of the template. */
function render(source: string, variables: Variables): string | null {
  const values = new Map(Object.entries(variables).map(([name, value]) => [name, fromData(value, name)]));
  try {
    return new Template(source).render(values);
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    return null;
  }
}

describe(`templates as ${golden.madeBy}`, () => {
  it('gives the same text for each of many small templates, and fails where it fails', () => {
    const got = golden.templates.map(([source]) => [source, render(source, golden.variables)]);
    expect(got.length).toBeGreaterThan(900);
    expect(got).toEqual(golden.templates);
  });

  it.each(Object.keys(golden.chats.templates))('gives the same text for chats in the manner of: %s', (name) => {
    const expected = golden.chatTexts.filter(([template]) => template === name);
    const got = expected.map(([template, messages, options]) => {
      const more = golden.chats.options[options] as Variables;
      const variables = { messages: golden.chats.messages[messages], tools: null, documents: null, ...more };
      return [template, messages, options, render(golden.chats.templates[template] as string, variables)];
    });
    expect(got.length).toBe(21);
    expect(got).toEqual(expected);
  });
});

const problemOf = (source: string, budget = new Budget()): TemplateProblem => {
  try {
    const text = new Template(source).render(new Map(), budget);
    throw new Error(`no problem, but ${text.slice(0, 100)}`);
  } catch (error) {
    if (error instanceof TemplateProblem) return error;
    throw error;
  }
};

describe('problems', () => {
  it.each<[string, string, string, number]>([
    ['a syntax error', 'a\n{% if x %}\n{{ 1 + }}{% endif %}', 'syntax', 3],
    ['an end that is missing', 'a\n{% for x in y %}', 'syntax', 2],
    ['an unknown statement', '\n{% frobnicate %}', 'syntax', 2],
    ['an undefined value', '{% set a = 1 %}\n\n{{ b.c }}', 'failed', 3],
    ['an unknown filter', '\n{{ 1 | frobnicate }}', 'failed', 2],
    ['an unknown test', '\n{{ 1 is frobnicated }}', 'failed', 2],
    ['types that do not fit', '{{ 1 }}\n{{\n "a" + 1 }}', 'failed', 3],
    ['an iterator that is printed', "{{ [1] | map('string') }}", 'failed', 1],
    ['a refusal', "\n{{ raise_exception('no') }}", 'raised', 2],
    ['another template', "\n{% include 'x' %}", 'unsupported', 2],
    ['a filter for web pages', "\n{{ '<' | escape }}", 'unsupported', 2],
    ['a method of bytes', "{{ 'a'.encode() }}", 'unsupported', 1],
    ['an operation on a safe text', "{{ ('a' | safe) + 'b' }}", 'unsupported', 1],
  ])('%s has a kind and a line', (_, source, kind, line) => {
    expect(problemOf(source)).toMatchObject({ kind, line });
  });
});

describe('templates that do not end', () => {
  const loops = (depth: number): string =>
    `${'{% for i in range(90000) %}'.repeat(depth)}x${'{% endfor %}'.repeat(depth)}`;

  it.each<[string, string]>([
    ['loops in loops', loops(3)],
    ['loops that write nothing', '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}'],
    [
      'a text that doubles',
      "{% set n = namespace(t='xx') %}{% for i in range(100) %}{% set n.t = n.t ~ n.t %}{% endfor %}",
    ],
    ['a text that is repeated', "{{ 'x' * 10 ** 12 }}"],
    ['a list that is repeated', '{{ [0] * 10 ** 12 }}'],
    [
      'a list that doubles',
      '{% set n = namespace(t=[0]) %}{% for i in range(100) %}{% set n.t = n.t + n.t %}{% endfor %}',
    ],
    [
      'lists in lists',
      '{% set n = namespace(t=[]) %}{% for i in range(90000) %}{% set n.t = [n.t] %}{% endfor %}{{ n.t }}',
    ],
    [
      'lists in lists as JSON',
      '{% set n = namespace(t=[]) %}{% for i in range(90000) %}{% set n.t = [n.t] %}{% endfor %}{{ n.t | tojson }}',
    ],
    [
      'lists that share a list',
      '{% set n = namespace(t=[0,0]) %}{% for i in range(60) %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.t | string | length }}',
    ],
    [
      'a comparison of them',
      '{% set n = namespace(t=[0,0], u=[0,0]) %}{% for i in range(60) %}{% set n.t = [n.t, n.t] %}{% set n.u = [n.u, n.u] %}{% endfor %}{{ n.t == n.u }}',
    ],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'two macros that call each other',
      '{% macro a(x) %}{{ b(x) ~ b(x) }}{% endmacro %}{% macro b(x) %}{{ a(x) }}{% endmacro %}{{ a(1) }}',
    ],
    ['a recursive loop', '{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}'],
    ['a huge power', '{{ 9 ** (9 ** 9) }}'],
    [
      'a number that is squared',
      '{% set n = namespace(t=10) %}{% for i in range(60) %}{% set n.t = n.t * n.t %}{% endfor %}',
    ],
    ['a huge range', '{{ range(10 ** 18) | list }}'],
    ['a wide field', "{{ '%999999999s' % 'a' }}"],
    ['a wide field in braces', "{{ '{:999999999}'.format('a') }}"],
    ['a wide center', "{{ 'a'.center(999999999) }}"],
    ['batches that are filled', "{{ [1] | batch(999999999, 'x') | list }}"],
    ['many slices', '{{ [1] | slice(999999999) | list }}'],
    [
      'a text that grows by replacement',
      "{% set n = namespace(t='xx') %}{% for i in range(100) %}{% set n.t = n.t | replace('x', 'xx') %}{% endfor %}",
    ],
    ['a text that is searched', "{% set t = 'ab' * 9999999 %}{% for i in range(99999) %}{{ 'c' in t }}{% endfor %}"],
    [
      'a wide number with groups',
      "{{ '{:0999999,}'.format(1) * 9 }}{% for i in range(99) %}{{ '{:0999999,}'.format(i) }}{% endfor %}",
    ],
    ['many parts from the end', "{% for i in range(99) %}{{ ('a,' * 99999).rsplit(',') | length }}{% endfor %}"],
    ['many fields', "{% set t = 'x' * 999999 %}{{ ('{0}' * 9999).format(t) }}"],
    ['many fields with names', "{% set t = 'x' * 999999 %}{{ ('%(a)s' * 9999) % {'a': t} }}"],
    [
      'copies of a mapping',
      '{% set n = namespace(d={}) %}{% for i in range(9999) %}{% set n.d = dict(n.d, **{i | string: 1}) %}{% endfor %}',
    ],
    ['titles', "{% set t = 'ab 😀' * 99999 %}{% for i in range(99) %}{{ t.title() | length }}{% endfor %}"],
    [
      'characters of a text with pairs',
      "{% set t = 'ab 😀' * 99999 %}{% for i in range(999) %}{{ t[-1] }}{% endfor %}",
    ],
    ['parentheses in parentheses', `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`],
    ['a long sum', `{{ ${'1 + '.repeat(50_000)}1 }}`],
    ['statements in statements', `${'{% if true %}'.repeat(50_000)}${'{% endif %}'.repeat(50_000)}`],
  ])('%s', (_, source) => {
    expect(problemOf(source, new Budget(1 / 16)).kind).toBe('limit');
  });

  it('has a whole budget in a moment', () => {
    const began = performance.now();
    expect(problemOf(loops(3)).message).toMatch(/more than 5000000 steps/);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('has room for a long chat', () => {
    const messages = Array.from({ length: 5000 }, (_, at) => ({
      role: at % 2 ? 'assistant' : 'user',
      content: 'word '.repeat(200),
    }));
    const source =
      "{% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text ~ m.content | trim ~ '\\n' %}{% endfor %}{{ ns.text }}";
    expect(render(source, { messages })?.length).toBe(5000 * 1000);
  });
});

describe('names of JavaScript', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', 'size', 'length'])(
    '%s has no meaning of its own',
    (name) => {
      for (const value of [
        '{}',
        '[]',
        "''",
        '1',
        '1.5',
        'true',
        'none',
        'range(2)',
        'namespace()',
        'range',
        '{}.items()',
      ])
        expect(render(`[{{ (${value}).${name} }}{{ (${value})['${name}'] }}]`, {})).toBe('[]');
      expect(render(`{{ ${name} }}{{ x | default('d') }}`, {})).toBe('d');
      expect(render(`{{ {'${name}': 7}.${name} }}{{ x['${name}'] }}`, { x: JSON.parse(`{"${name}": 8}`) })).toBe('78');
      expect(render(`{% set ${name} = 1 %}{{ ${name} }}`, {})).toBe('1');
      expect(render(`{{ 1 | ${name} }}`, {})).toBeNull();
      expect(render(`{{ 1 is ${name} }}`, {})).toBeNull();
    },
  );
});

it('dates are English on every machine, with every code of Python', () => {
  const form =
    '%a %A %w %d %b %B %m %y %Y %H %I %p %M %S %f %j %U %W %c %x %X %% %G %u %V %-d %e %F %T %D %R %h %k|%l|%C %g %n%t %P %r';
  const text = render(`{{ strftime_now('${form}') }}`, {});
  expect(text).not.toMatch(/%[a-zA-Z]/);
});
