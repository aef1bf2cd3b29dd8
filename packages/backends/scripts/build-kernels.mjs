// Compiles assembly/ to src/wasm/module/kernels.generated.js: the module twice, plain and with relaxed SIMD, as base64
// text, so that it loads in Node and in every bundler. `--dist` also copies it next to the compiled sources. Does
// nothing when the sources have not changed. The default export is a vitest globalSetup that does the same before the
// tests.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'src', 'wasm', 'module', 'kernels.generated.js');
const flags = [
  // `stub` is AssemblyScript's name for the runtime without a garbage collector: the kernels never allocate.
  ...['-O3', '--noAssert', '--runtime', 'stub', '--disableWarning', '112'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--enable', 'simd', '--enable', 'threads'],
];

function digest() {
  const hash = createHash('sha256').update(JSON.stringify(flags));
  const files = readdirSync(join(root, 'assembly')).sort();
  for (const path of [
    ...files.map((name) => join(root, 'assembly', name)),
    join(root, 'src', 'wasm', 'module', 'layout.ts'),
  ])
    if (path.endsWith('.ts')) hash.update(readFileSync(path));
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
}

async function compile(extra) {
  let binary;
  const { error, stderr } = await asc.main(['assembly/index.ts', '--outFile', 'kernels.wasm', ...flags, ...extra], {
    writeFile: (_name, contents) => {
      binary = contents;
    },
    readFile: (name, base) => {
      const path = join(base, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
  });
  if (error) throw new Error(`The kernels do not compile.\n${stderr.toString()}`, { cause: error });
  return Buffer.from(binary).toString('base64');
}

export default async function buildKernels() {
  const version = digest();
  if (existsSync(target) && readFileSync(target, 'utf8').includes(version)) return;
  process.chdir(root);
  const [plain, relaxed] = [await compile([]), await compile(['--enable', 'relaxed-simd'])];
  const text = `// Made by scripts/build-kernels.mjs from assembly/. ${version}\nexport const plain = '${plain}';\nexport const relaxed = '${relaxed}';\n`;
  // Written to a temporary file and renamed, since several test runs may do this at once.
  const aside = `${target}.${process.pid}`;
  writeFileSync(aside, text);
  renameSync(aside, target);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildKernels();
  if (process.argv.includes('--dist')) {
    mkdirSync(join(root, 'dist', 'wasm', 'module'), { recursive: true });
    cpSync(target, join(root, 'dist', 'wasm', 'module', 'kernels.generated.js'));
  }
}
