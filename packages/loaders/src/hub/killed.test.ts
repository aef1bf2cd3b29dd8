import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hubModel } from './hub-model.ts';
import { hubServer, sendHead, someBytes, startOf } from './testing/hub-server.ts';

const script = fileURLToPath(new URL('testing/download-process.ts', import.meta.url));

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

it('a process that is killed at any moment leaves a cache that can be used, and gone on with', async () => {
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
  hub.sent = 0;
  // A piece at a time, so that there is a middle to be killed in.
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
  for (const percent of [0, 1, 20, 45, 60, 85, 100]) {
    expect(await downloadUntil(percent, hub.endpoint, cache)).not.toBe(1);
    const offline = await weightsOf(true);
    // The last may have been quicker than the kill.
    expect([Buffer.from(before), Buffer.from(after)].some((bytes) => bytes.equals(offline))).toBe(true);
  }
  expect(await downloadUntil(101, hub.endpoint, cache)).toBe(0);
  expect(await weightsOf(true)).toEqual(Buffer.from(after));
  // Had each begun anew, about four times the file would have been sent.
  expect(hub.sent).toBeLessThan(2 * after.length);
  const blobs = readdirSync(join(cache, 'models--org--name', 'blobs'));
  expect(blobs.filter((name) => name.includes('incomplete'))).toEqual([]);
  await hub.close();
  rmSync(cache, { recursive: true });
});
