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
} from '../src/wasm/module/layout';

/** Loads that a thread makes before it sleeps: about 0.1 ms within a step, 20 times as long between steps. */
const patience = 60000;
const impatience = 500;
/** About 7 ms: longer than a scheduler needs to move one of two threads that share a core. */
const persistence = 10000000;
/** After this many consecutive sleeps, a core counts as busy and spinning as wasted. */
const failuresBeforeImpatience = 3;
/** Barriers that sleep early before the next long spin: initially, and at most. */
const firstPause = 60;
const longestPause = 8000;
/** This many barriers without a sleep reset the count. */
const successesBeforeCalm = 1000;

// Per thread: each instance has its own globals.
let failures: i32 = 0;
let successes: i32 = 0;
let pause: i32 = firstPause;
let impatientLeft: i32 = 0;
let persistent: bool = false;

/**
 * Wait until all threads have arrived. Spins, then sleeps.
 *
 * When spinning fails several times in a row, the other threads are not on a core: another process uses it, or the
 * scheduler has put two threads on one core, where it leaves them as long as they alternate in sleeping. So the next
 * barriers sleep early, which costs no more than the share of the other process. Then one barrier spins long enough for
 * the scheduler to see two busy threads and separate them. The pauses between such attempts double.
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
    limit = impatience;
    if (--impatientLeft === 0) persistent = true;
  } else if (persistent) {
    limit = persistence;
    persistent = false;
  }
  for (let i = 0; i < limit; i++) {
    if (atomic.load<i32>(controlPhase) !== phase) {
      if (limit !== impatience) failures = 0;
      if (++successes === successesBeforeCalm) pause = firstPause;
      return;
    }
  }
  successes = 0;
  if (limit !== impatience && (++failures >= failuresBeforeImpatience || limit === persistence)) {
    failures = 0;
    impatientLeft = pause;
    pause = min(pause * 2, longestPause);
  }
  atomic.add<i32>(controlSleeps, 1);
  atomic.add<i32>(controlSleeping, 1);
  while (atomic.load<i32>(controlPhase) === phase) atomic.wait<i32>(controlPhase, phase, -1);
  atomic.sub<i32>(controlSleeping, 1);
}

/** Give the workers a job. The calling thread does its part with `runTape`. */
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

/** Stop the workers. */
export function stop(): void {
  atomic.store<i32>(controlStop, 1);
  atomic.add<i32>(controlJob, 1);
  atomic.notify(controlJob, -1);
}
