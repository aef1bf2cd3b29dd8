#!/usr/bin/env node
import { run } from './program.ts';

// The reader of a pipe has seen enough: leave quietly, with the status of a process that SIGPIPE ended.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141);
    // A full disk, say. Where notes cannot be written either, the status is all that tells of it.
    const leave = (): never => process.exit(1);
    if (stream === process.stderr) leave();
    process.stderr.write(`tokenwright: Standard output cannot be written: ${error.message}\n`, leave);
  });

const status = await run(process.argv.slice(2));
// What is still on its way to a slow reader must arrive; then nothing that an engine left running may hold the process.
process.stdout.write('', () => process.exit(status));
