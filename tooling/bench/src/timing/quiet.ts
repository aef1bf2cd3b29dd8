import { readFileSync } from 'node:fs';

/** Linux reports processor time in hundredths of a second. */
const ticksPerSecond = 100;

/** A run during which other programs used more than this, in cores, is unreliable. */
export const quietCores = 0.1;

/**
 * How much of the machine other programs used during a measurement: all processor time that `/proc/stat` counts as busy, including
 * stolen time, minus that of this process and of the listed children.
 */
export class ForeignUse {
  readonly #children: readonly number[];
  #began = 0;
  #busy: number | undefined;
  #own = 0;

  /** @param children ids of processes that belong to the measurement. */
  constructor(children: readonly number[] = []) {
    this.#children = children;
  }

  start(): void {
    this.#busy = busySeconds();
    this.#own = this.#ownSeconds();
    this.#began = performance.now();
  }

  /** Cores, 0 or more; undefined where there is no `/proc/stat`. */
  stop(): number | undefined {
    const seconds = (performance.now() - this.#began) / 1000;
    const busy = busySeconds();
    if (busy === undefined || this.#busy === undefined || seconds <= 0) return undefined;
    const foreign = busy - this.#busy - (this.#ownSeconds() - this.#own);
    return Math.max(0, foreign / seconds);
  }

  #ownSeconds(): number {
    const { user, system } = process.cpuUsage();
    return this.#children.reduce((sum, pid) => sum + secondsOf(pid), (user + system) / 1e6);
  }
}

/** Busy processor time of the whole machine since it started. */
function busySeconds(): number | undefined {
  const stat = read('/proc/stat');
  return stat === undefined ? undefined : busyTicks(stat) / ticksPerSecond;
}

/** From the text of `/proc/stat`: user, nice, system, interrupts and stolen time of all cores, in ticks. */
export function busyTicks(stat: string): number {
  const line = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0, stolen = 0] = line;
  return user + nice + system + interrupts + softInterrupts + stolen;
}

/** From the text of `/proc/<pid>/stat`: user and system time, in ticks. The name in brackets may hold spaces. */
export function processTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function secondsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined ? 0 : processTicks(stat) / ticksPerSecond;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
