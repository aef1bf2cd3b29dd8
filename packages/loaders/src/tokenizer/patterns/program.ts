import { CodeSet } from './code-set.ts';
import { type Edge, PatternError, type Syntax } from './syntax.ts';

/** One step of a compiled pattern. Targets are indices of steps. */
export type Step =
  | { readonly op: 'set'; readonly set: CodeSet }
  /**
   * Try `first`, and on failure `second`; `id` numbers the branches of a program. The next character must be one of `firstSet` or
   * `secondSet`, or the way fails; undefined where any may follow.
   */
  | {
      readonly op: 'branch';
      first: number;
      second: number;
      readonly id: number;
      firstSet: CodeSet | undefined;
      secondSet: CodeSet | undefined;
    }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'edge'; readonly edge: Edge }
  | {
      readonly op: 'look';
      readonly inner: Program;
      readonly negative: boolean;
      /** For a look behind, the lengths in characters that the inner pattern can have. */
      readonly back: readonly [number, number] | undefined;
    }
  | { readonly op: 'atomic'; readonly inner: Program }
  | { readonly op: 'match' };

/** A pattern as steps. */
export interface Program {
  readonly steps: readonly Step[];
  readonly branches: number;
}

const mostSteps = 20_000;
const longestBack = 255;

/** Compile a pattern. Throws PatternError for one that is too large, or that looks behind without a limit. */
export function compile(syntax: Syntax): Program {
  const steps: Step[] = [];
  let branches = 0;
  const add = (step: Step): number => {
    if (steps.length >= mostSteps) throw new PatternError(`it has more than ${mostSteps} steps`);
    return steps.push(step) - 1;
  };
  const branch = (): { first: number; second: number } & Step => {
    const step = {
      op: 'branch' as const,
      first: 0,
      second: 0,
      id: branches++,
      firstSet: undefined,
      secondSet: undefined,
    };
    add(step);
    return step;
  };
  const emit = (one: Syntax): void => {
    switch (one.kind) {
      case 'set':
        add({ op: 'set', set: one.set });
        return;
      case 'sequence':
        for (const part of one.parts) emit(part);
        return;
      case 'choice': {
        const ends: { to: number }[] = [];
        for (const [i, option] of one.options.entries()) {
          if (i === one.options.length - 1) {
            emit(option);
            break;
          }
          const fork = branch();
          fork.first = steps.length;
          emit(option);
          const end = { op: 'jump' as const, to: 0 };
          add(end);
          ends.push(end);
          fork.second = steps.length;
        }
        for (const end of ends) end.to = steps.length;
        return;
      }
      case 'repeat': {
        for (let i = 0; i < one.min; i++) emit(one.part);
        const greedy = one.mode === 'greedy';
        const forks: { first: number; second: number }[] = [];
        const enter = (): void => {
          const fork = branch();
          if (greedy) fork.first = steps.length;
          else fork.second = steps.length;
          forks.push(fork);
        };
        if (one.max === Infinity) {
          const start = steps.length;
          enter();
          emit(one.part);
          add({ op: 'jump', to: start });
        } else
          for (let i = one.min; i < one.max; i++) {
            enter();
            emit(one.part);
          }
        for (const fork of forks)
          if (greedy) fork.second = steps.length;
          else fork.first = steps.length;
        return;
      }
      case 'edge':
        add({ op: 'edge', edge: one.edge });
        return;
      case 'atomic':
        add({ op: 'atomic', inner: compile(one.part) });
        return;
      case 'look': {
        const back = one.behind ? lengthsOf(one.part) : undefined;
        if (back !== undefined && back[1] > longestBack)
          throw new PatternError(`it looks behind by more than ${longestBack} characters`);
        add({ op: 'look', inner: compile(one.part), negative: one.negative, back });
      }
    }
  };
  emit(syntax);
  add({ op: 'match' });
  for (const step of steps)
    if (step.op === 'branch') {
      step.firstSet = firstCodes(steps, step.first);
      step.secondSet = firstCodes(steps, step.second);
    }
  return { steps, branches };
}

/** The characters with which a way through the steps can continue; undefined when it may also end, or when there are too many ways. */
function firstCodes(steps: readonly Step[], from: number): CodeSet | undefined {
  const sets = new Set<CodeSet>();
  const seen = new Set<number>();
  const visit = (start: number): boolean => {
    let at = start;
    for (;;) {
      if (seen.has(at)) return true;
      seen.add(at);
      if (seen.size > 64) return false;
      const step = steps[at]!;
      if (step.op === 'set') {
        sets.add(step.set);
        return true;
      }
      if (step.op === 'jump') at = step.to;
      else if (step.op === 'branch') {
        if (!visit(step.first)) return false;
        at = step.second;
      } else return false;
    }
  };
  if (!visit(from)) return undefined;
  const all = [...sets];
  return all.length === 1 ? all[0] : new CodeSet((code) => all.some((set) => set.has(code)));
}

/** The shortest and longest match in characters. */
function lengthsOf(syntax: Syntax): [number, number] {
  switch (syntax.kind) {
    case 'set':
      return [1, 1];
    case 'sequence':
      return syntax.parts.map(lengthsOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case 'choice':
      return syntax.options.map(lengthsOf).reduce(([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)]);
    case 'repeat': {
      const [least, most] = lengthsOf(syntax.part);
      return [least * syntax.min, most === 0 ? 0 : most * syntax.max];
    }
    case 'atomic':
      return lengthsOf(syntax.part);
    default:
      return [0, 0];
  }
}
