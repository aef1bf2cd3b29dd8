import { EngineUnavailableError, UnsupportedError } from '@tokenwright/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fusedWasm } from '../engine.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** As in a page's Worker: no Node modules, and the page's own Worker class. */
function likeAPage(worker: unknown): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  vi.stubGlobal('Worker', worker);
  vi.stubGlobal('crossOriginIsolated', true);
}

async function started(threads: number): Promise<{ threads: number; notices: readonly string[]; heard: string[] }> {
  const heard: string[] = [];
  const engine = await fusedWasm({ threads, onNotice: (message) => heard.push(message) }).start();
  const { notices } = engine;
  const result = { threads: engine.threads, notices, heard };
  await engine.dispose();
  return result;
}

describe('a machine without threads', () => {
  it('falls back to one thread with a notice where memory cannot be shared', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const { threads, notices, heard } = await started(3);
    expect(threads).toBe(1);
    expect(notices).toEqual(heard);
    expect(heard).toEqual([
      expect.stringMatching(/one thread, not 3: memory cannot be shared.*Cross-Origin-Opener-Policy/),
    ]);
  });

  it.each([
    [
      'throws',
      class {
        constructor() {
          throw new DOMException('refused', 'SecurityError');
        }
      },
    ],
    [
      'reports an error without a message',
      class {
        onerror: ((event: object) => void) | undefined;
        constructor() {
          setTimeout(() => this.onerror!({ preventDefault() {} }));
        }
        postMessage(): void {}
        terminate(): void {}
      },
    ],
  ])('falls back to one thread with a notice when the page rejects a worker and %s', async (_, worker) => {
    likeAPage(worker);
    const { threads, notices, heard } = await started(2);
    expect(threads).toBe(1);
    expect(notices).toEqual(heard);
    expect(heard).toEqual([expect.stringMatching(/one thread, not 2: the page refuses its workers.*worker-src blob:/)]);
  });

  it('stops the started workers when a later one fails', async () => {
    const living = new Set<object>();
    let made = 0;
    likeAPage(
      class {
        onmessage: ((event: object) => void) | undefined;
        readonly number = ++made;
        constructor() {
          living.add(this);
          setTimeout(() => this.onmessage!({ data: this.number === 1 ? 'ready' : 'RangeError: no memory' }));
        }
        postMessage(): void {}
        terminate(): void {
          living.delete(this);
        }
      },
    );
    const { threads, heard } = await started(4);
    expect({ threads, made, living: living.size }).toEqual({ threads: 1, made: 2, living: 0 });
    expect(heard).toEqual([expect.stringMatching(/workers do not start \(Error: RangeError: no memory\)/)]);
  });

  it('prints one console line by default', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (let i = 0; i < 2; i++) await (await fusedWasm({ threads: 5 }).start()).dispose();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^Tokenwright: .*one thread, not 5/)]]);
  });
});

describe('an engine that cannot start', () => {
  it('names the directive that a Content-Security-Policy must allow', async () => {
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(
      new WebAssembly.CompileError(
        "Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not allowed",
      ),
    );
    const error = await fusedWasm({ threads: 1 })
      .start()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect(String(error)).toMatch(/forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src/);
  });

  it('rejects relaxed SIMD where it is required but missing', async () => {
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError('unknown opcode'));
    await expect(fusedWasm({ threads: 1, relaxed: true }).start()).rejects.toThrow(UnsupportedError);
  });

  it('rejects an onNotice that is not a function', () => {
    expect(() => fusedWasm({ onNotice: true as never })).toThrow(/onNotice must be a function/);
  });
});
