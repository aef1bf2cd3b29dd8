// Prints the longest functions and files of the sources: node src/longest.ts [count] [folder of the repository].
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vite';
import { root } from './workspace.ts';

export interface Span {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

type Node = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: unknown;
};

/** Every function of a module with its own lines: the lines of functions that are declared inside it count too. */
export function functionsIn(text: string, lang: 'ts' | 'tsx'): Span[] {
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const found: Span[] = [];
  const visit = (node: Node, name: string, inside: string): void => {
    let label = inside;
    if (/Function(Expression|Declaration)$/.test(node.type) && node.body !== null) {
      const own = nameIn(node.id) ?? name;
      label = own === '' ? inside : own;
      const line = lineAt(node.start);
      found.push({ name: label === '' ? '(anonymous)' : label, line, lines: lineAt(node.end) - line + 1 });
    } else if (/^Class(Declaration|Expression)$/.test(node.type)) label = nameIn(node.id) ?? name;
    for (const child of Object.values(node).flat()) {
      if (!isNode(child)) continue;
      const own = nameIn(node.key) ?? nameIn(node.id) ?? '';
      const named = label === '' || own === '' ? own : `${label}.${own}`;
      const binding = /^(VariableDeclarator|Property|MethodDefinition|PropertyDefinition)$/.test(node.type);
      visit(child, binding ? named : '', label);
    }
  };
  visit(parseAst(text, { lang }) as unknown as Node, '', '');
  return found;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function nameIn(node: unknown): string | undefined {
  if (!isNode(node) || typeof node.name !== 'string') return undefined;
  return node.type === 'PrivateIdentifier' ? `#${node.name}` : node.name;
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 20);
  const repository = process.argv[3] ?? root;
  const { stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8', maxBuffer: 1 << 26 });
  const paths = stdout
    .split('\0')
    .filter(
      (path) => /^(packages|apps|tooling)\/[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|bench|d)\.tsx?$/.test(path),
    )
    .filter((path) => existsSync(join(repository, path)));
  const texts = paths.map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }));
  const files = texts.map(({ path, text }) => ({ lines: text.trimEnd().split('\n').length, path }));
  const functions = texts.flatMap(({ path, text }) =>
    functionsIn(text, path.endsWith('x') ? 'tsx' : 'ts').map((span) => ({ ...span, path })),
  );
  console.log(`${files.length} files, ${functions.length} functions\n\nlongest functions`);
  for (const { lines, name, path, line } of functions.sort((a, b) => b.lines - a.lines).slice(0, count))
    console.log(`${String(lines).padStart(5)}  ${name}  ${path}:${line}`);
  console.log('\nlongest files');
  for (const { lines, path } of files.sort((a, b) => b.lines - a.lines).slice(0, count))
    console.log(`${String(lines).padStart(5)}  ${path}`);
  for (const limit of [60, 100]) {
    console.log(`\nfunctions of more than ${limit} lines: ${functions.filter(({ lines }) => lines > limit).length}`);
  }
  console.log(`files of more than 400 lines: ${files.filter(({ lines }) => lines > 400).length}`);
}
