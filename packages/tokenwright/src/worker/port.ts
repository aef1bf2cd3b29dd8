import type { FromWorker, ToWorker } from './messages.ts';

/** The page's side of a worker's channel, the same in browsers and in Node. */
export interface WorkerPort {
  send(message: ToWorker): void;
  terminate(): void;
  /** Whether a Node process has to stay alive for the worker. */
  keepAlive(needed: boolean): void;
}

export interface PortEvents {
  readonly onMessage: (message: FromWorker) => void;
  /** The worker does not start, or has ended on its own. */
  readonly onFailure: (reason: string) => void;
}

/** @param url of the worker's program; undefined for the one of this package. */
export function startWorker(url: string | URL | undefined, events: PortEvents): WorkerPort {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return threads === undefined ? startWebWorker(url, events) : startNodeWorker(threads, url, events);
}

function startWebWorker(url: string | URL | undefined, { onMessage, onFailure }: PortEvents): WorkerPort {
  // Bundlers look for exactly these words.
  const worker =
    url === undefined
      ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
      : new Worker(url, { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
  worker.onmessageerror = () => onFailure('a message could not be read');
  worker.onerror = (event) => {
    event.preventDefault();
    onFailure(event.message || 'its script could not be loaded');
  };
  return { send: (message) => worker.postMessage(message), terminate: () => worker.terminate(), keepAlive: () => {} };
}

function startNodeWorker(
  threads: typeof import('node:worker_threads'),
  url: string | URL | undefined,
  { onMessage, onFailure }: PortEvents,
): WorkerPort {
  const isSource = import.meta.url.endsWith('.ts');
  // Beside this file, in words that a bundler does not look for.
  const own = import.meta.url.replace(/[^/]*$/, isSource ? 'worker.ts' : 'worker.js');
  // A flag for programs that are not files.
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  const worker = new threads.Worker(new URL(url ?? own), {
    execArgv: isSource ? ['--conditions=@tokenwright/source'] : flags,
  });
  worker.on('message', onMessage);
  worker.on('messageerror', (error) => onFailure(String(error)));
  worker.on('error', (error) => onFailure(String(error)));
  worker.on('exit', (code) => onFailure(`it ended with code ${code}`));
  return {
    send: (message) => worker.postMessage(message),
    terminate: () => void worker.terminate(),
    keepAlive: (needed) => (needed ? worker.ref() : worker.unref()),
  };
}
