import {
  controlFrame,
  controlStop,
  controlTape,
  controlThreads,
  entryBytes,
  entryOperation,
  entryScored,
  frameProfile,
  frameScored,
  frameScratch,
  frameScratchBytes,
  frameTokens,
  operationAttend,
  operationElements,
  operationEmbed,
  operationEnd,
  operationGated,
  operationLinear,
  operationNorm,
  operationRead,
  operationRotary,
  operationStoreEncoderKeyValues,
  operationTap,
} from '../src/wasm/module/layout';
import { attend, storeEncoderKeyValues } from './attend';
import { elements } from './elements';
import { embed } from './embed';
import { linear } from './linear';
import { norm } from './norm';
import { read } from './probe';
import { rotary } from './rotary';
import { tap } from './tap';
import { announce, barrier, nextJob } from './threads';

/** Milliseconds since an arbitrary start, from the host. */
declare function now(): f64;

/** One thread's part of a tape: every entry in order, with a barrier after each. */
function play(tape: usize, frame: usize, thread: i32, threads: i32): void {
  const scratch = <usize>load<u32>(frame + frameScratch) + <usize>thread * <usize>load<u32>(frame + frameScratchBytes);
  let profile: usize = thread === 0 ? <usize>load<u32>(frame + frameProfile) : 0;
  let began: f64 = profile !== 0 ? now() : 0;
  for (let entry = tape; load<i32>(entry + entryOperation) !== operationEnd; entry += entryBytes) {
    const tokens = load<i32>(frame + (load<i32>(entry + entryScored) !== 0 ? frameScored : frameTokens));
    if (tokens === 0) {
      if (profile !== 0) profile += 8;
      continue;
    }
    const from = (tokens * thread) / threads;
    const to = (tokens * (thread + 1)) / threads;
    switch (load<i32>(entry + entryOperation)) {
      case operationLinear:
      case operationGated:
        linear(entry, frame, scratch, tokens, thread, threads);
        break;
      case operationEmbed:
        embed(entry, frame, scratch, from, to);
        break;
      case operationNorm:
        norm(entry, from, to);
        break;
      case operationRotary:
        rotary(entry, frame, from, to);
        break;
      case operationAttend:
        attend(entry, frame, scratch, tokens, thread, threads);
        break;
      case operationStoreEncoderKeyValues:
        storeEncoderKeyValues(entry, frame, scratch, tokens, thread, threads);
        break;
      case operationElements:
        elements(entry, from, to);
        break;
      case operationTap:
        if (thread === 0) tap(entry, frame, load<i32>(frame + frameScored));
        break;
      case operationRead:
        read(entry, scratch, thread, threads);
        break;
      default:
        unreachable();
    }
    barrier(threads);
    if (profile !== 0) {
      const ended = now();
      store<f64>(profile, ended - began);
      profile += 8;
      began = ended;
    }
  }
}

/**
 * Run a tape over a frame on the calling thread and, when `threads` is more than 1, on all workers. `threads` is 1 or
 * the number of workers plus one: a worker that skipped a job could not tell it from the next.
 */
export function run(tape: usize, frame: usize, threads: i32): void {
  if (threads > 1) announce(tape, frame, threads);
  play(tape, frame, 0, threads);
}

/** The loop of a worker until it is stopped. */
export function work(thread: i32): void {
  let job = 0;
  while (true) {
    job = nextJob(job);
    if (atomic.load<i32>(controlStop) !== 0) return;
    play(atomic.load<i32>(controlTape), atomic.load<i32>(controlFrame), thread, atomic.load<i32>(controlThreads));
  }
}
