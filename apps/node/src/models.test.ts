import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Ended, run, start } from './testing/command-line.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const folder = temporaryFolder();
const amateur = fileURLToPath(new URL('../../../packages/demo-model/models/story-amateur', import.meta.url));

describe('inspect', () => {
  it('tells what a model is', async () => {
    const { status, stdout } = await run(['inspect', 'story-amateur', '--tensors']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/parameters +\d+ thousand \(\d{3},\d{3}\)/);
    expect(stdout).toMatch(/ {2}F16 +\d+ +\d+ thousand/);
    expect(stdout).toMatch(/wte\.weight +4096 × \d+ +F16/);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('gives all of it to programs', async () => {
    const { stdout } = await run(['inspect', amateur, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ family: 'gpt2', kind: 'safetensors', chatTemplate: false });
  });
});

it('convert writes a smaller model, overwrites nothing and leaves no part', async () => {
  const target = join(folder, 'small');
  const { status, stdout } = await run(['convert', 'story-amateur', target, '--format', '4-bit-blocks']);
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/small: 4-bit-blocks, \d+ kB became \d+ kB \(\d+ %\)\.\n$/),
  ]);
  expect(JSON.parse((await run(['inspect', target, '--json'])).stdout).formats[0].format).toBe('4-bit-blocks');
  const twice = await run(['convert', target, join(folder, 'twice'), '--format', '8-bit']);
  expect(twice.stderr).toMatch(
    /note: .*quantized already, as 4-bit-blocks, .* a second time, to '8-bit'\. To avoid it: /,
  );
  expect(twice.status).toBe(0);
  const again = await run(['convert', 'story-amateur', target]);
  expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/is not empty\. Name a folder that is/)]);
  const broken = await run(['convert', join(folder, 'nowhere'), join(folder, 'other')]);
  expect([broken.status, broken.stderr]).toEqual([1, expect.stringMatching(/There is no folder or file/)]);
  expect(readdirSync(folder)).toEqual(['small', 'twice']);
});

it('bench measures each round on the engine that is asked for', async () => {
  const args = [
    'bench',
    'story-amateur',
    '--engine',
    'tfjs-cpu',
    '--prompt-tokens',
    '8',
    '--new-tokens',
    '4',
    '--rounds',
    '2',
  ];
  const { status, stdout } = await run([...args, '--json']);
  expect(status).toBe(0);
  const { reading, writing, ...rest } = JSON.parse(stdout);
  expect(rest).toMatchObject({ engine: 'tfjs cpu', promptTokens: 8, completionTokens: 4, rounds: 2 });
  for (const { least, median, most } of [reading, writing])
    expect(0 < least && least <= median && median <= most).toBe(true);
  expect((await run(args)).stdout).toMatch(/tfjs cpu +f32 +[\d.]+ MB/);
});

describe('models of the hub', () => {
  const home = join(folder, 'home');
  const commit = 'a'.repeat(40);
  const repository = join(home, 'hub', 'models--org--name');
  const atHome = (args: readonly string[]): Promise<Ended> => run(args, '', { HF_HOME: home });

  it('run from the cache, are listed and can be removed', async () => {
    mkdirSync(join(repository, 'snapshots', commit), { recursive: true });
    mkdirSync(join(repository, 'refs'));
    writeFileSync(join(repository, 'refs', 'main'), commit);
    for (const name of readdirSync(amateur))
      copyFileSync(join(amateur, name), join(repository, 'snapshots', commit, name));
    const offline = await atHome(['generate', 'The', '-n', '3', '-q', '--greedy', '-m', 'org/name', '--offline']);
    const here = await run(['generate', 'The', '-n', '3', '-q', '--greedy', '-m', 'story-amateur']);
    expect(offline).toEqual(here);

    // The hub does not answer, but the model is here.
    const unreachable = await atHome(['inspect', 'org/name']);
    expect([unreachable.status, unreachable.stderr]).toEqual([
      0,
      expect.stringMatching(/^note: .*is taken from the cache as it is\n$/),
    ]);
    expect((await atHome(['models'])).stdout).toMatch(/org\/name +[\d.]+ kB +main/);
    const removed = await atHome(['models', '--remove', 'org/name', '--json']);
    expect(JSON.parse(removed.stdout)).toMatchObject({ removed: { name: 'org/name' } });
    expect(readdirSync(join(home, 'hub'))).toEqual([]);
  });

  it.each<[string[], number, RegExp]>([
    [['generate', 'x', '-m', 'org/none', '--offline'], 1, /org\/none: the cache at .* lacks the revision 'main'/],
    [['models', '--remove', 'org/none'], 1, /The cache has no model 'org\/none'/],
    [['inspect'], 2, /inspect wants a model/],
    [['convert', 'story'], 2, /convert wants a model and the folder/],
    [['convert', 'story', 'x', '--format', 'q4'], 2, /--format must be one of f32/],
    [['bench', '--rounds', '0'], 2, /--rounds must be an integer of at least 1/],
    [['bench', '--prompt-tokens', '600'], 2, /must leave room in the context of 512/],
    [
      ['generate', 'x', '--engine', 'tfjs-wasm', '--weights', 'f16'],
      2,
      /--weights is for --engine fused-wasm or fused-webgpu, but --engine tfjs-wasm was given/,
    ],
    [['generate', 'x', '--engine', 'fused-webgpu', '--threads', '2'], 2, /--threads is for --engine fused-wasm, but/],
    [['generate', 'x', '--weights', 'q4'], 2, /--weights must be one of auto, f32, f16/],
  ])('%j', async (args, expected, message) => {
    const { status, stdout, stderr } = await atHome(args);
    expect([status, stdout, stderr]).toEqual([expected, '', expect.stringMatching(message)]);
    expect(stderr).toMatch(/^tokenwright: [^\n]+\n$/);
  });

  it('uses the proxy of the environment, or says how', async () => {
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(String(request.url));
      response.writeHead(404).end();
    });
    proxy.on('connect', (request, socket) => {
      asked.push(String(request.url));
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const running = start(['inspect', 'org/name'], {
      HF_HOME: home,
      HF_ENDPOINT: 'http://hub.example',
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      http_proxy: undefined,
      NO_PROXY: undefined,
      no_proxy: undefined,
      NODE_USE_ENV_PROXY: undefined,
    });
    // After the first attempt.
    await running.until(/note: .*trying again\./, 'stderr');
    running.child.kill('SIGINT');
    const { stderr } = await running.ended;
    proxy.close();
    if (asked.length === 0) expect(stderr).toMatch(/HTTP_PROXY is set.*NODE_USE_ENV_PROXY=1/);
    else expect(asked.join()).toContain('hub.example');
  });
});
