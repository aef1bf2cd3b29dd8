import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { repositoryFiles, root } from '../workspace.ts';
import { codeBlocks, documentModule } from './blocks.ts';

const documents = repositoryFiles().filter((path) => path.endsWith('.md') && !path.startsWith('.changeset/'));
/** The examples depend on every package, so what the documents import is found from there. */
const folder = join(root, 'examples', 'node_modules', '.code-blocks');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the code of the documents', () => {
  it('has a block in most of them', () => {
    expect(documents.filter((path) => documentModule(read(path)).includes('{')).length).toBeGreaterThan(8);
  });

  it('compiles under strict', { timeout: 120_000 }, () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const names = new Map<string, string>();
    for (const path of documents) {
      if (!codeBlocks(read(path)).some(({ info }) => info === 'ts' || info === 'js')) continue;
      const name = `${path.replaceAll('/', '__')}.ts`;
      names.set(name, path);
      writeFileSync(join(folder, name), documentModule(read(path)));
    }
    cpSync(join(import.meta.dirname, 'context.d.ts'), join(folder, 'context.d.ts'));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    const { stdout } = spawnSync(process.execPath, [compiler(), '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      cwd: folder,
    });
    const problems = stdout.split('\n').filter((line) => line !== '');
    expect(problems.map((line) => line.replace(/^[^(]+/, (file) => names.get(file) ?? file))).toEqual([]);
    expect(readdirSync(folder).length).toBe(names.size + 2);
  });

  // An excerpt is not a program, so it must be what the source says.
  it('quotes the source exactly where it quotes', () => {
    const sources = repositoryFiles()
      .filter((path) => /^packages\/.+\.ts$/.test(path))
      .map((path) => plain(read(path)));
    const excerpts = documents.flatMap((path) =>
      codeBlocks(read(path))
        .filter(({ info }) => info === 'ts excerpt')
        .map(({ fence, lines }) => ({ where: `${path}:${fence + 1}`, text: plain(lines.join('\n')) })),
    );
    expect(excerpts.length).toBeGreaterThan(0);
    expect(
      excerpts.filter(({ text }) => !sources.some((source) => source.includes(text))).map(({ where }) => where),
    ).toEqual([]);
  });
});

const configuration = {
  extends: '../../../tooling/tsconfig/test.json',
  // The documents show values that a reader uses later.
  compilerOptions: { noUnusedLocals: false, incremental: false, module: 'esnext', moduleResolution: 'bundler' },
  files: undefined,
  include: ['*.ts'],
};

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Without indentation and empty lines. */
function plain(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');
}

function compiler(): string {
  return join(root, 'node_modules', 'typescript', 'bin', 'tsc');
}
