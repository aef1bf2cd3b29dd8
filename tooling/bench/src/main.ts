import { type Arguments, readArguments } from './arguments.ts';
import { browserBench } from './benches/browser.ts';
import { contextBench } from './benches/context.ts';
import { decodeBench } from './benches/decode.ts';
import { formatsBench } from './benches/formats.ts';
import { grammarBench } from './benches/grammar.ts';
import { memoryBench } from './benches/memory/memory.ts';
import { neighborBench } from './benches/neighbor.ts';
import { plainBench } from './benches/plain.ts';
import { prefillBench } from './benches/prefill.ts';
import { profileBench } from './benches/profile.ts';
import { samplersBench } from './benches/samplers/samplers.ts';
import { seedsBench } from './benches/seeds/seeds.ts';
import { strategiesBench } from './benches/strategies.ts';
import { webBench } from './benches/web.ts';
import { webgpuBench } from './benches/webgpu.ts';
import { type Bench, Context } from './harness/bench.ts';

const benches: readonly Bench[] = [
  plainBench,
  decodeBench,
  prefillBench,
  contextBench,
  memoryBench,
  neighborBench,
  formatsBench,
  samplersBench,
  seedsBench,
  strategiesBench,
  grammarBench,
  profileBench,
  webgpuBench,
  webBench,
  browserBench,
];
const names = benches.map(({ name }) => name);

const usage = `pnpm bench [name] [--quick] [--json] [--engine text] [--shape text] [--software]
           [--data folder] [--draws number]

${benches.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --quick         a few short rounds, which only show that it works
  --json          one JSON object per row (pnpm --silent bench ... --json)
  --engine text   only engines with this in their name, format and threads, beside plain TensorFlow.js
  --shape text    only shapes with this in their name: tiny, GPT-2-small, Llama-1B (webgpu)
  --data folder   schemas with instances (grammar)
  --draws number  how many draws are compared (seeds)
  --software      let webgpu run on a software driver, whose numbers are meaningless`;

let given: Arguments | undefined;
try {
  given = readArguments(process.argv.slice(2), names);
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}

if (given?.help === true) console.log(usage);
else if (given !== undefined) {
  await benches.find(({ name }) => name === given.bench)!.run(new Context(given));
  // TensorFlow.js on WebGPU keeps the process alive.
  process.exit();
}
