import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { run } from './testing/command-line.ts';

/** Where Debian's chromium package keeps the description of its software Vulkan driver. */
const swiftshader = '/usr/lib/chromium/vk_swiftshader_icd.json';
const here = existsSync(swiftshader);
if (!here && process.env.CI) throw new Error(`There is no ${swiftshader}: apt-get install chromium libvulkan1.`);
if (!here) process.stderr.write(`\n*** SKIPPED: the fused WebGPU engine at the command line: no ${swiftshader}\n\n`);

const generate = ['generate', 'The old', '--greedy', '-n', '10', '--engine', 'fused-webgpu', '--verbose'];

it.skipIf(!here)('generates with the fused WebGPU engine, in the format that was asked for', async () => {
  const environment = { VK_ICD_FILENAMES: swiftshader, XDG_RUNTIME_DIR: tmpdir() };
  const { status, stdout, stderr } = await run([...generate, '--weights', '8-bit-blocks'], '', environment);
  expect([status, stdout]).toEqual([0, ' man, and the old man, who had been\n']);
  expect(stderr).toMatch(/^engine: fused webgpu, 8-bit-blocks weights, .*asked for$/m);
});

it('says so when there is no graphics card', async () => {
  const { status, stdout, stderr } = await run(generate, '', { VK_ICD_FILENAMES: '/none', XDG_RUNTIME_DIR: tmpdir() });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^tokenwright: No engine is available: fused webgpu \(no Vulkan, Metal or D3D12 adapter was found\)\.$/m,
  );
});
