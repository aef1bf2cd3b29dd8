// Runs the `tokenwright` command from a checkout. It builds first when a source is newer than the build. It prints
// nothing to stdout itself, so that `pnpm --silent tokenwright … | other` receives only the command's output.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const main = join(root, 'apps', 'node', 'dist', 'main.js');

function newest(folder) {
  let time = 0;
  if (!existsSync(folder)) return time;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (!entry.name.endsWith('.test.ts')) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
const stale = [...packages, join(root, 'apps', 'node')].some((folder) => {
  const info = join(folder, 'tsconfig.tsbuildinfo');
  if (!existsSync(join(folder, 'dist')) || !existsSync(info)) return existsSync(join(folder, 'package.json'));
  if (newest(join(folder, 'src')) > statSync(info).mtimeMs) return true;
  // Running only the TypeScript compiler does not rebuild the kernels.
  const kernels = join(folder, 'dist', 'wasm', 'module', 'kernels.generated.js');
  const assembly = newest(join(folder, 'assembly'));
  return assembly > 0 && !(existsSync(kernels) && statSync(kernels).mtimeMs >= assembly);
});

if (stale || !existsSync(main)) {
  const args = ['run', 'build', '--filter=@tokenwright/cli...'];
  const turbo = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'turbo.cmd' : 'turbo');
  const build = spawnSync(turbo, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (build.status !== 0) {
    process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}${build.error ?? ''}\n`);
    process.exit(build.status ?? 1);
  }
}

// The first '--' comes from the package manager.
const given = process.argv.slice(2);
const command = spawn(process.execPath, [main, ...(given[0] === '--' ? given.slice(1) : given)], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
// Ctrl-C also reaches the command, which shuts down itself. Exiting earlier would leave it running in the background.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => command.kill('SIGTERM'));
command.on('close', (status, signal) => process.exit(status ?? 128 + (constants.signals[signal] ?? 0)));
