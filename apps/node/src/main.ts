#!/usr/bin/env node
import { run } from './program.ts';

// The reader of the pipe is gone: leave quietly, with the status of a process that SIGPIPE ended.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141);
    // For example a full disk. When standard error cannot be written either, only the status reports it.
    const leave = (): never => process.exit(1);
    if (stream === process.stderr) leave();
    process.stderr.write(`tokenwright: Standard output cannot be written: ${error.message}\n`, leave);
  });

const status = await run(process.argv.slice(2));
// Output to a slow reader must arrive first. Then nothing that an engine left running may keep the process alive.
process.stdout.write('', () => process.exit(status));
