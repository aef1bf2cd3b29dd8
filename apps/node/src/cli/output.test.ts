import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { shownOn, visibleControls } from './output.ts';
import { columnsOf, fit, paintFor } from './terminal.ts';

const terminal = { isTTY: true };

describe('text on a terminal', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['a color', '\x1b[31mred', '\\u001b[31mred'],
    ['a title', '\x1b]0;title\x07', '\\u001b]0;title\\u0007'],
    ['the clipboard', '\x1b]52;c;aGk=\x1b\\', '\\u001b]52;c;aGk=\\u001b\\'],
    ['one-character control sequences', '\x9b31m \x90', '\\u009b31m \\u0090'],
    ['overwriting', 'safe\r\b\x7f', 'safe\\u000d\\u0008\\u007f'],
    ['direction', 'a\u202ecba\u2066', 'a\\u202ecba\\u2066'],
  ])('%s shows as text', (_, text, expected) => {
    expect(shownOn(terminal, text)).toBe(expected);
    expect(shownOn({}, text)).toBe(text);
  });

  it('keeps line breaks, tabs, and every other character', () => {
    const text = 'a\n\tb é 日本 👩‍🚀 שלום\u200e';
    expect(shownOn(terminal, text)).toBe(text);
  });

  it('stays valid JSON', () => {
    const line = JSON.stringify({ text: '\x1b[31m\x9b\x7f\u202e' });
    expect(JSON.parse(visibleControls(line))).toEqual({ text: '\x1b[31m\x9b\x7f\u202e' });
  });

  it('tells the styles of this program from escape sequences in a text', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    vi.stubEnv('NO_COLOR', '');
    const painted = paintFor(process.stdout)(['bold', 'green'], '\x1b[31mx');
    expect(shownOn(terminal, painted)).toBe('\x1b[1m\x1b[32m\\u001b[31mx\x1b[39m\x1b[22m');
    expect(shownOn({}, painted)).toBe('\x1b[1m\x1b[32m\x1b[31mx\x1b[39m\x1b[22m');
    expect(columnsOf(painted)).toBe('\\u001b[31mx'.length);
  });

  it('fits into its columns', () => {
    expect(shownOn(terminal, fit('ab\x1b', 9))).toBe('ab\\u001b ');
    expect(shownOn(terminal, fit('ab\x1bcd', 9))).toBe('ab\\u001b…');
  });
});

it('nothing else writes to the terminal', () => {
  const source = fileURLToPath(new URL('..', import.meta.url));
  const writers = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('testing'))
    .filter((name) => /std(out|err)\.write\(|console\./.test(readFileSync(join(source, name), 'utf8')));
  expect(writers.sort()).toEqual([join('cli', 'output.ts'), 'main.ts']);
});
