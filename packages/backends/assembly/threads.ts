import {
  controlArrived,
  controlFrame,
  controlJob,
  controlJobSleeping,
  controlPhase,
  controlSleeping,
  controlSleeps,
  controlStop,
  controlTape,
  controlThreads,
} from '../src/wasm/layout';

/** Loads that a thread makes before it sleeps: about 0.1 ms within a step, 20 times that between steps. */
const patience = 60000;
const impatience = 500;
/** After so many sleeps in a row a core is taken to be busy, and spinning to be a waste. */
const failuresBeforeImpatience = 3;
/** Barriers that are waited for impatiently before a full spin is tried again. */
const impatientBarriers = 60;

// Of each thread: an instance has its own globals.
let failures: i32 = 0;
let impatientLeft: i32 = 0;

/**
 * Wait until all threads have arrived. Spins, then sleeps. When spinning fails a few times running, the other threads are
 * probably not on a core: the next barriers sleep soon, and after a while a full spin is tried again, so that a passing
 * neighbour costs no more than its share.
 */
export function barrier(threads: i32): void {
  if (threads === 1) return;
  const phase = atomic.load<i32>(controlPhase);
  if (atomic.add<i32>(controlArrived, 1) === threads - 1) {
    atomic.store<i32>(controlArrived, 0);
    atomic.add<i32>(controlPhase, 1);
    if (atomic.load<i32>(controlSleeping) !== 0) atomic.notify(controlPhase, -1);
    return;
  }
  let limit = patience;
  if (impatientLeft > 0) {
    impatientLeft--;
    limit = impatience;
  }
  for (let i = 0; i < limit; i++) {
    if (atomic.load<i32>(controlPhase) !== phase) {
      if (limit === patience) failures = 0;
      return;
    }
  }
  if (limit === patience && ++failures >= failuresBeforeImpatience) {
    impatientLeft = impatientBarriers;
    failures = failuresBeforeImpatience - 1;
  }
  atomic.add<i32>(controlSleeps, 1);
  atomic.add<i32>(controlSleeping, 1);
  while (atomic.load<i32>(controlPhase) === phase) atomic.wait<i32>(controlPhase, phase, -1);
  atomic.sub<i32>(controlSleeping, 1);
}

/** Give the workers a job. The calling thread does its part by `runTape`. */
export function announce(tape: usize, frame: usize, threads: i32): void {
  atomic.store<i32>(controlTape, <i32>tape);
  atomic.store<i32>(controlFrame, <i32>frame);
  atomic.store<i32>(controlThreads, threads);
  atomic.add<i32>(controlJob, 1);
  if (atomic.load<i32>(controlJobSleeping) !== 0) atomic.notify(controlJob, -1);
}

/** Wait for the job after `seen`; returns its number. */
export function nextJob(seen: i32): i32 {
  for (let i = 0; i < patience * 20; i++) {
    const job = atomic.load<i32>(controlJob);
    if (job !== seen) return job;
  }
  atomic.add<i32>(controlJobSleeping, 1);
  while (atomic.load<i32>(controlJob) === seen) atomic.wait<i32>(controlJob, seen, -1);
  atomic.sub<i32>(controlJobSleeping, 1);
  return atomic.load<i32>(controlJob);
}

/** Make the workers leave. */
export function stop(): void {
  atomic.store<i32>(controlStop, 1);
  atomic.add<i32>(controlJob, 1);
  atomic.notify(controlJob, -1);
}
