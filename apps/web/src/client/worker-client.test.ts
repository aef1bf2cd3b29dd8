import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Failure, ToPage, ToWorker } from '../protocol.ts';
import { userCodeLimit, WorkerClient, type WorkerLike } from './worker-client.ts';

class FakeWorker implements WorkerLike {
  readonly sent: ToWorker[] = [];
  ended = false;
  onmessage: WorkerLike['onmessage'] = null;
  onerror: WorkerLike['onerror'] = null;

  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }

  terminate(): void {
    this.ended = true;
  }

  say(message: ToPage): void {
    this.onmessage!({ data: message } as MessageEvent<ToPage>);
  }
}

let workers: FakeWorker[];
let lost: Failure[];
let client: WorkerClient;

beforeEach(() => {
  vi.useFakeTimers();
  workers = [];
  lost = [];
  client = new WorkerClient(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    (reason) => void lost.push(reason),
  );
});
afterEach(() => void vi.useRealTimers());

const memory = { bytes: 1, buffers: 2, tensors: 3 };

it('starts a worker with the first call, and gives each call its own answer', async () => {
  expect(workers).toEqual([]);
  const events: unknown[] = [];
  const first = client.call('race', { prompt: 'a', tokens: 2 }, { onEvent: (event) => events.push(event) });
  const second = client.call('memory', undefined);
  const [worker] = workers;
  worker!.say({ type: 'event', id: 1, event: 'step' });
  worker!.say({ type: 'done', id: 2, output: memory });
  worker!.say({ type: 'done', id: 1, output: { same: true } });
  expect(await second).toEqual(memory);
  expect(await first).toEqual({ same: true });
  expect(events).toEqual(['step']);
  expect(workers).toHaveLength(1);
});

it('passes a stop on, and nothing once the call is over', async () => {
  const controller = new AbortController();
  const call = client.call('memory', undefined, { signal: controller.signal });
  controller.abort();
  expect(workers[0]!.sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
  workers[0]!.say({ type: 'done', id: 1, output: memory });
  await call;
  const late = new AbortController();
  const other = client.call('memory', undefined, { signal: late.signal });
  workers[0]!.say({ type: 'done', id: 2, output: memory });
  await other;
  late.abort();
  expect(workers[0]!.sent.filter(({ type }) => type === 'cancel')).toHaveLength(1);
});

it('raises what failed in the worker, with its place', async () => {
  const call = client.call('memory', undefined);
  workers[0]!.say({ type: 'failed', id: 1, failure: { name: 'UserCodeError', message: 'no', line: 3 } });
  await expect(call).rejects.toMatchObject({ name: 'UserCodeError', message: 'no', failure: { line: 3 } });
});

it('ends a worker in which user code runs for too long, and the next call starts another', async () => {
  const call = client.call('memory', undefined);
  const refused = expect(call).rejects.toThrow(/2 seconds/);
  workers[0]!.say({ type: 'user-code', running: true });
  vi.advanceTimersByTime(userCodeLimit - 1);
  expect(workers[0]!.ended).toBe(false);
  vi.advanceTimersByTime(1);
  await refused;
  expect(workers[0]!.ended).toBe(true);
  expect(lost).toMatchObject([{ name: 'UserCodeTimeout' }]);
  void client.call('memory', undefined);
  expect(workers).toHaveLength(2);
});

it('leaves user code alone that ends in time, however often it runs', () => {
  void client.call('memory', undefined);
  for (let i = 0; i < 5; i++) {
    workers[0]!.say({ type: 'user-code', running: true });
    vi.advanceTimersByTime(userCodeLimit - 1);
    workers[0]!.say({ type: 'user-code', running: false });
  }
  vi.advanceTimersByTime(10 * userCodeLimit);
  expect(workers[0]!.ended).toBe(false);
});
