import type { Architecture, Operations, Weight } from '../engine/operations.ts';

/** One operation of a recording: its name and arguments, with indices of earlier results in place of activations. */
interface Recorded {
  readonly name: keyof Operations<unknown, Weight>;
  readonly arguments: readonly unknown[];
  /** Indices of the results: one, several for `split`, none for `storeEncoderKeyValues` and `tap`. */
  readonly results: readonly number[];
}

/** The index of a result, in place of an activation while a pass is recorded. */
class Place {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * The same architecture, whose passes are recorded once and replayed for every frame. This proves that a model's
 * operations do not depend on the frame, which an engine that compiles them relies on.
 */
export function recorded<C, P>(architecture: Architecture<C, P>): Architecture<C, P> {
  const tapes = new Map<unknown, Tape>();
  const replayed = <X>(key: unknown, operations: Operations<X, Weight>, pass: Pass, input?: X): X => {
    let tape = tapes.get(key);
    if (tape === undefined) {
      tape = record(pass, input !== undefined);
      tapes.set(key, tape);
    }
    return replay(tape, operations, input);
  };
  return {
    ...architecture,
    forward: (operations, weights, config) =>
      replayed('forward', operations, (recorder) => architecture.forward(recorder, weights, config)),
    head: (operations, weights, config, hidden) =>
      replayed('head', operations, (recorder, input) => architecture.head(recorder, weights, config, input!), hidden),
  };
}

type Pass = (recorder: Operations<Place, Weight>, input?: Place) => Place;

interface Tape {
  readonly operations: readonly Recorded[];
  readonly places: number;
  readonly output: number;
}

function record(pass: Pass, hasInput: boolean): Tape {
  const operations: Recorded[] = [];
  let places = hasInput ? 1 : 0;
  const recorder = new Proxy({} as Operations<Place, Weight>, {
    get:
      (_, name: keyof Operations<unknown, Weight>) =>
      (...args: unknown[]) => {
        const count =
          name === 'split'
            ? (args[1] as readonly number[]).length
            : name === 'tap' || name === 'storeEncoderKeyValues'
              ? 0
              : 1;
        const results = Array.from({ length: count }, () => new Place(places++));
        operations.push({ name, arguments: args, results: results.map(({ index }) => index) });
        return name === 'split' ? results : results[0];
      },
  });
  const output = hasInput ? pass(recorder, new Place(0)) : pass(recorder);
  return { operations, places, output: output.index };
}

function replay<X>({ operations, places, output }: Tape, target: Operations<X, Weight>, input?: X): X {
  const values = new Array<X | undefined>(places);
  if (input !== undefined) values[0] = input;
  const resolve = (argument: unknown): unknown => {
    if (argument instanceof Place) return values[argument.index];
    if (typeof argument !== 'object' || argument === null || Array.isArray(argument)) return argument;
    // Options may contain an activation (a residual) as well as weights, which must keep their identity.
    if (!Object.values(argument).some((value) => value instanceof Place)) return argument;
    return Object.fromEntries(Object.entries(argument).map(([key, value]) => [key, resolve(value)]));
  };
  for (const { name, arguments: args, results } of operations) {
    const call = target[name] as (...args: unknown[]) => X | X[];
    const result = call.apply(target, args.map(resolve));
    if (name === 'split') for (const [i, place] of results.entries()) values[place] = (result as X[])[i]!;
    else if (results.length === 1) values[results[0]!] = result as X;
  }
  return values[output]!;
}
