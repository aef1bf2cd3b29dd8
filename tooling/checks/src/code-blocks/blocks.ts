/** A fenced block of code in a Markdown file. */
export interface CodeBlock {
  /** Words after the three backticks, such as `ts` or `ts excerpt`. */
  readonly info: string;
  /** Index of the line with the opening fence, counted from 0. */
  readonly fence: number;
  readonly lines: readonly string[];
}

/** The fenced blocks of a Markdown text, in order. Indentation of the fence is removed from the code. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { info: string; fence: number; indent: number; lines: string[] } | undefined;
  markdown.split('\n').forEach((line, number) => {
    const fence = /^( *)```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    else if (open !== undefined) {
      blocks.push({ info: open.info, fence: open.fence, lines: open.lines });
      open = undefined;
    } else open = { info: fence[2]!.trim(), fence: number, indent: fence[1]!.length, lines: [] };
  });
  return blocks;
}

/**
 * One TypeScript module of the blocks of a document, with each line at its place in the document, so that the lines of an
 * error are those of the document. A block sees what the blocks before it declare, and may declare the same names again.
 */
export function documentModule(markdown: string): string {
  const lines = markdown.split('\n').map(() => '');
  const imports = new Map<string, Set<string>>();
  const blocks = codeBlocks(markdown).filter(({ info }) => info === 'ts' || info === 'js');
  for (const block of blocks) {
    lines[block.fence] = '{';
    block.lines.forEach((line, index) => {
      lines[block.fence + 1 + index] = line.replace(/^export (default )?/, (_, isDefault) =>
        isDefault ? 'void ' : '',
      );
    });
  }
  const body = lines
    .join('\n')
    .replace(/^import ([^;]+?) from '([^']+)';/gm, (statement, clause: string, specifier: string) => {
      const clauses = imports.get(specifier) ?? new Set();
      imports.set(specifier, clauses.add(clause.replaceAll('\n', ' ')));
      return '\n'.repeat(statement.split('\n').length - 1);
    });
  const hoisted = [...imports].flatMap(([specifier, clauses]) => importStatements(specifier, [...clauses]));
  return `${hoisted.join(' ')} void (async () => { ${body}${'}'.repeat(blocks.length)} });\n`;
}

/** Named imports are merged, since two blocks of one document may import the same name. */
function importStatements(specifier: string, clauses: readonly string[]): string[] {
  const named = new Set<string>();
  const rest: string[] = [];
  for (const clause of clauses) {
    const list = /^(type )?\{(.+)\}$/.exec(clause);
    if (list === null) rest.push(`import ${clause} from '${specifier}';`);
    else for (const name of list[2]!.split(',')) if (name.trim()) named.add(`${list[1] ?? ''}${name.trim()}`);
  }
  if (named.size > 0) rest.push(`import { ${[...named].join(', ')} } from '${specifier}';`);
  return rest;
}
