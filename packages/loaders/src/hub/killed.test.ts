import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type HubServer, hubServer, sendHead, someBytes, startOf } from '../testing/hub-server.ts';
import { hubModel } from './hub-model.ts';

const script = fileURLToPath(new URL('../testing/download-process.ts', import.meta.url));

/** Download in a process of its own, and kill it when it is so far, in percent; 101: let it end. */
function downloadUntil(percent: number, endpoint: string, cache: string): Promise<number | null> {
  const child = spawn(process.execPath, ['--conditions=@tokenwright/source', script, endpoint, cache], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.split('\n').some((line) => line !== '' && Number(line) >= percent)) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('close', (status) => resolve(status)));
}

/** A server that sends files a piece at a time, so that there is a middle to be killed in. */
function sendSlowly(hub: HubServer): void {
  hub.mischief = (request, response, file) => {
    const from = startOf(request);
    sendHead(response, file, from);
    const send = (at: number): void => {
      if (response.destroyed) return;
      if (at >= file.bytes.length) return void response.end();
      const piece = file.bytes.subarray(at, at + 100_000);
      hub.sent += piece.length;
      response.write(piece);
      setTimeout(send, 4, at + piece.length);
    };
    send(from);
    return true;
  };
}

/** Where requests for the weights began. */
function startsOf({ asked }: HubServer): number[] {
  const weights = asked.filter(({ path }) => path.endsWith('model.safetensors'));
  return weights.map(({ range }) => Number(/\d+/.exec(range ?? '')?.[0]));
}

it('a process that is killed at any moment leaves a cache that can be used and continued', async () => {
  const [before, after] = [someBytes(50_000, 1), someBytes(3_000_000, 2)];
  const hub = await hubServer({ 'config.json': '{}', 'model.safetensors': before });
  const cache = mkdtempSync(join(tmpdir(), 'tokenwright-hub-'));
  const options = { endpoint: hub.endpoint, cache, token: false } as const;
  await hubModel('org/name', options);
  const weightsOf = async (offline: boolean): Promise<Buffer> => {
    const file = (await (await hubModel('org/name', { ...options, offline })).file('model.safetensors'))!;
    return Buffer.from(await file.read(0, file.size));
  };

  hub.commit = 'b'.repeat(40);
  hub.files.set('model.safetensors', after);
  hub.asked.length = 0;
  sendSlowly(hub);
  for (const percent of [0, 1, 20, 45, 60, 85, 100]) {
    expect(await downloadUntil(percent, hub.endpoint, cache)).not.toBe(1);
    const offline = await weightsOf(true);
    // The last may have been quicker than the kill.
    expect([Buffer.from(before), Buffer.from(after)].some((bytes) => bytes.equals(offline))).toBe(true);
  }
  expect(await downloadUntil(101, hub.endpoint, cache)).toBe(0);
  expect(await weightsOf(true)).toEqual(Buffer.from(after));
  // Each continued where the one before it was killed, the last but one at 85 percent.
  const starts = startsOf(hub);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(starts.at(-1)).toBeGreaterThan(0.8 * after.length);
  const blobs = readdirSync(join(cache, 'models--org--name', 'blobs'));
  expect(blobs.filter((name) => name.includes('incomplete'))).toEqual([]);
  await hub.close();
  rmSync(cache, { recursive: true });
});

it('of two processes one downloads and the other waits, and continues when the first is killed', async () => {
  const weights = someBytes(3_000_000, 3);
  const hub = await hubServer({ 'config.json': '{}', 'model.safetensors': weights });
  sendSlowly(hub);
  const cache = mkdtempSync(join(tmpdir(), 'tokenwright-hub-'));
  const begun = new Promise<void>((resolve) => {
    const watch = setInterval(() => {
      if (hub.sent < 200_000) return;
      clearInterval(watch);
      resolve();
    }, 5);
  });
  const first = downloadUntil(60, hub.endpoint, cache);
  await begun;
  await hubModel('org/name', { endpoint: hub.endpoint, cache, token: false });
  await first;
  expect(startsOf(hub).filter((start) => start === 0).length).toBe(1);
  const file = (await (await hubModel('org/name', { cache, offline: true })).file('model.safetensors'))!;
  expect(Buffer.from(await file.read(0, file.size))).toEqual(Buffer.from(weights));
  await hub.close();
  rmSync(cache, { recursive: true });
});
