// Writes the tables of options into the README: node --conditions=@tokenwright/source scripts/write-options.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { optionTables } from '../src/testing/options-table.ts';

const readme = new URL('../README.md', import.meta.url);
const text = readFileSync(readme, 'utf8');
const [before, rest] = text.split('<!-- options -->');
const [, after] = rest.split('<!-- end of options -->');
writeFileSync(readme, `${before}<!-- options -->\n\n${optionTables()}\n\n<!-- end of options -->${after}`);
