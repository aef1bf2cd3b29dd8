/** Measures the memory of one engine and format, in a process that does nothing else; started by `bench memory`. */
import { loadModel } from '@tokenwright/loaders';
import { fusedEngines, label, plain } from '../../models/engines.ts';
import { feed } from '../../models/model.ts';

/** The task of the process. */
export interface MemoryTask {
  readonly engine: string;
  readonly format: string;
  readonly threads: number;
  /** A model in Hugging Face layout. */
  readonly folder: string;
  /** Number of cache positions to fill. */
  readonly positions: number;
}

/** Bytes, minus those in use before loading. */
export interface MemoryReport {
  /** Milliseconds. */
  readonly loadTime: number;
  /** Peak resident size while loading. */
  readonly peak: number;
  /** Resident with the model loaded and the cache filled. */
  readonly resident: number;
  /** Cores that the process used, on average. */
  readonly cores: number;
}

const report = await measure(JSON.parse(process.argv[2]!) as MemoryTask);
// The engine's workers would keep the process alive, so exit once the report is written.
process.stdout.write(JSON.stringify(report), () => process.exit(0));

async function measure(task: MemoryTask): Promise<MemoryReport> {
  const wanted = label(task);
  const choice = [plain('wasm'), ...(await fusedEngines([task.threads]))].find((each) => label(each) === wanted);
  if (choice === undefined) throw new Error(`no engine named ${wanted}`);
  const engine = await choice.start();
  collect();
  const before = process.memoryUsage.rss();

  const began = performance.now();
  const { model } = await loadModel(task.folder, { engine });
  const loadTime = performance.now() - began;
  const peak = process.resourceUsage().maxRSS * 1024 - before;

  const cache = model.createCache();
  const ids = Array.from({ length: task.positions }, (_, i) => (i * 7919) % model.vocabSize);
  await feed(model, ids, cache);
  // Run a few steps first: a kernel may copy a weight when it first multiplies a single row by it.
  for (let i = 0; i < 4; i++) await feed(model, [i], cache);
  collect();
  const resident = process.memoryUsage.rss() - before;
  const { user, system } = process.cpuUsage();
  return { loadTime, peak, resident, cores: (user + system) / 1e6 / process.uptime() };
}

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}
