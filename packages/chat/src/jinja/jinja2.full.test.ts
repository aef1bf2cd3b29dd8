import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Template } from './template.ts';
import { fromData } from './values/from-data.ts';
import { TemplateProblem } from './values/problem.ts';

/** Jinja2 of a Python on this machine. The recorded texts of template.test.ts need none. */
const recorder = fileURLToPath(new URL('../../goldens/record.py', import.meta.url));
const hasJinja2 = spawnSync('python3', ['-c', 'import jinja2']).status === 0;
if (!hasJinja2) console.log('skipped: comparison with a live Jinja2, because python3 has no package jinja2');

interface Case {
  readonly template: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

function render({ template, variables }: Case): string | null {
  try {
    return new Template(template).render(
      new Map(Object.entries(variables).map(([name, value]) => [name, fromData(value, name)])),
    );
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    return null;
  }
}

/** Pieces of templates that are joined at random, with random whitespace. */
const pieces = [
  '{% if true %}',
  '{%- if x -%}',
  '{%+ if x +%}',
  '{% else %}',
  '{%- else -%}',
  '{% endif %}',
  '{%- endif -%}',
  '{% for m in messages %}',
  '{%- for k, v in x.items() -%}',
  '{% endfor %}',
  '{%- endfor -%}',
  '{% set y = loop %}',
  '{{ m.role }}',
  "{{ m['content'] | trim }}",
  '{{- x.a -}}',
  '{{ y }}',
  '{% set y = 1 %}',
  '{{ loop.index }}',
  '{# comment #}',
  '{#- comment -#}',
  '{% raw %}{{ {% endraw %}',
  '\n',
  '  ',
  '\n\n',
  ' a ',
  '\t',
  '\r\n',
  'b',
] as const;

function randomCase(random: () => number): Case {
  const length = 2 + Math.floor(random() * 12);
  const template = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]!).join('');
  const messages = [
    { role: 'system', content: ' Be brief. ' },
    { role: 'user', content: 'Hello\n' },
  ];
  return { template, variables: { messages, x: { a: 1, b: null } } };
}

it.skipIf(!hasJinja2)(
  'gives the texts of a live Jinja2 for random templates',
  () => {
    let state = 7;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const cases = Array.from({ length: 20_000 }, () => randomCase(random));
    const { stdout, status } = spawnSync('python3', [recorder, '--check'], {
      input: cases.map((one) => JSON.stringify(one)).join('\n'),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    expect(status).toBe(0);
    const expected = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string | null);
    expect(expected.filter((text) => text !== null).length).toBeGreaterThan(1000);
    // What Python prints of `loop` and of objects has no stable form.
    for (const [at, one] of cases.entries())
      if (!expected[at]?.includes('<LoopContext'))
        expect([one.template, render(one)]).toEqual([one.template, expected[at]]);
  },
  300_000,
);

it.skipIf(!hasJinja2)(
  'gives the texts of a live Jinja2 for the recorded templates',
  () => {
    const golden = JSON.parse(readFileSync(new URL('../../goldens/jinja2.json', import.meta.url), 'utf8')) as {
      readonly variables: Case['variables'];
      readonly templates: readonly (readonly [string, string | null])[];
    };
    const cases = golden.templates.map(([template]) => ({ template, variables: golden.variables }));
    const { stdout } = spawnSync('python3', [recorder, '--check'], {
      input: cases.map((one) => JSON.stringify(one)).join('\n'),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const expected = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string | null);
    expect(cases.map((one) => [one.template, render(one)])).toEqual(
      cases.map(({ template }, at) => [template, expected[at]]),
    );
  },
  300_000,
);
