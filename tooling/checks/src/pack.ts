import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root, type WorkspacePackage } from './workspace.ts';

export interface Ran {
  readonly status: number;
  readonly output: string;
}

/** Runs a program for at most ten minutes and returns its exit status and its output. */
export function run(program: string, args: readonly string[], cwd: string, env = process.env): Ran {
  const windows = process.platform === 'win32';
  const result = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    shell: windows,
    maxBuffer: 1 << 26,
    timeout: 600_000,
  });
  return { status: result.status ?? 1, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}` };
}

export function runOrThrow(program: string, args: readonly string[], cwd: string, env = process.env): string {
  const { status, output } = run(program, args, cwd, env);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed with ${status}:\n${output}`);
  return output;
}

export interface Packed extends WorkspacePackage {
  readonly tarball: string;
}

/** Packs every published package, or those named, into a folder. The packages must be built first. */
export function packAll(into: string, names?: ReadonlySet<string>): Packed[] {
  const wanted = publishedPackages().filter(({ manifest }) => names?.has(manifest.name) ?? true);
  return wanted.map((workspacePackage) => {
    const before = new Set(readdirSync(into));
    pnpm(['pack', '--pack-destination', into], join(root, workspacePackage.folder));
    const made = readdirSync(into).filter((name) => !before.has(name) && name.endsWith('.tgz'));
    if (made.length !== 1) throw new Error(`${workspacePackage.folder}: expected one tarball, found ${made.length}`);
    return { ...workspacePackage, tarball: join(into, made[0]!) };
  });
}

function pnpm(args: readonly string[], cwd: string): string {
  if (run('pnpm', ['--version'], cwd).status === 0) return runOrThrow('pnpm', args, cwd);
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return runOrThrow('npx', ['-y', packageManager, ...args], cwd);
}
