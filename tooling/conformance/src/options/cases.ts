import { hostileValues } from './hostile-values.ts';
import type { Case } from './outcome.ts';
import type { Parameter, Target } from './target.ts';

/** Names that no function has for an option; the last ones are members of every object. */
const unknownNames = ['x', 'temprature', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty'];

/** Every parameter and option of a function with every hostile value, and names that it does not know. */
export function casesOf(target: Target): Case[] {
  const { parameters, options = [] } = target;
  const optionsAt = parameters.findIndex(({ name }) => name === 'options');
  const arguments_ = (at: number, value: unknown): unknown[] =>
    parameters.map((parameter, i) =>
      i === at ? value : i === optionsAt && options.length > 0 ? validOptions(options) : parameter.valid,
    );
  const cases = parameters.flatMap((parameter, at) =>
    Object.entries(hostileValues).map(
      ([value, make]): Case => ({
        target,
        parameter:
          at === optionsAt && options.some(({ valid }) => valid !== undefined)
            ? { ...parameter, valid: {} }
            : parameter,
        names: [
          parameter.name,
          ...(parameter.alsoNamed ?? []),
          // Without its options, a function asks for the first that it needs; a key of the value is an unknown name.
          ...(at === optionsAt ? [...options.map(({ name }) => name), 'unknown option'] : []),
        ],
        value,
        make() {
          const hostile = make();
          return { given: arguments_(at, hostile.value), hostile };
        },
      }),
    ),
  );
  for (const parameter of options) {
    for (const [value, make] of Object.entries(hostileValues))
      cases.push({
        target,
        parameter,
        names: [parameter.name, ...(parameter.alsoNamed ?? [])],
        value,
        make() {
          const hostile = make();
          return {
            given: arguments_(optionsAt, { ...validOptions(options), [parameter.name]: hostile.value }),
            hostile,
          };
        },
      });
    cases.push({
      target,
      parameter,
      names: [parameter.name],
      value: 'a getter that throws',
      make: () => ({
        given: arguments_(
          optionsAt,
          Object.defineProperty(validOptions(options), parameter.name, {
            enumerable: true,
            get() {
              throw new TypeError('the getter failed');
            },
          }),
        ),
        hostile: { value: undefined, ranAway: () => false },
      }),
    });
  }
  if (options.length > 0 && target.open !== true) {
    for (const name of unknownNames) {
      const parameter: Parameter = { name, type: () => false };
      cases.push({
        target,
        parameter,
        names: [`unknown option '${name}'`],
        value: `an unknown name '${name}'`,
        make() {
          const given = Object.defineProperty(validOptions(options), name, { enumerable: true, value: 1 });
          return { given: arguments_(optionsAt, given), hostile: { value: 1, ranAway: () => false } };
        },
      });
    }
  }
  return cases;
}

function validOptions(options: readonly Parameter[]): Record<string, unknown> {
  return Object.fromEntries(options.flatMap(({ name, valid }) => (valid === undefined ? [] : [[name, valid]])));
}
