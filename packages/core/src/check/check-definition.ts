import { ParameterError } from '../errors.ts';
import { isPlainObject, readable } from './read-options.ts';

/**
 * What `defineSampler` and its relatives are given: a name, declared options, and a function that makes the thing.
 *
 * @param maker the name of that function.
 * @throws ParameterError.
 */
export function checkDefinition(owner: string, given: unknown, maker = 'create'): void {
  readable(owner, 'definition', given, () => {
    if (!isPlainObject(given)) throw new ParameterError(owner, 'definition', 'an object', given);
    const { name, options } = given;
    if (typeof name !== 'string' || name === '')
      throw new ParameterError(owner, 'definition: name', 'a name in kebab-case', name);
    const wanted = 'options by name, each made by a function such as numberOption';
    if (!isPlainObject(options)) throw new ParameterError(owner, 'definition: options', wanted, options);
    for (const [option, declaration] of Object.entries(options))
      if (typeof (declaration as { readonly check?: unknown } | null)?.check !== 'function')
        throw new ParameterError(
          owner,
          `definition: options.${option}`,
          'made by a function such as numberOption',
          declaration,
        );
    if (typeof given[maker] !== 'function')
      throw new ParameterError(owner, `definition: ${maker}`, 'a function', given[maker]);
  });
}
