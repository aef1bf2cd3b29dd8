import { checkDefinition } from './check-definition.ts';
import { checkOptions } from './check-options.ts';
import type { OptionDeclarations, OptionsOf, OptionValues } from './option.ts';

/** What every definition has: a name in kebab-case, and declared options. */
interface Definition<D extends OptionDeclarations> {
  readonly name: string;
  readonly options: D;
}

/**
 * The factory behind `defineSampler`, `defineStrategy` and their relatives: it checks the options of a call by their
 * declarations, fills in defaults, and gives the values to `make`. It has the name of the definition in camelCase, and the
 * definition itself.
 *
 * @param maker the name of the calling function, for errors.
 * @param method the function of the definition that makes the thing. Default 'create'.
 * @throws ParameterError for a definition that is not one; from the factory, UnknownOptionError and ParameterError.
 */
export function defineFactory<const D extends OptionDeclarations, Def extends Definition<D>, Made>(
  maker: string,
  definition: Def & Definition<D>,
  make: (values: OptionValues<D>) => Made,
  method = 'create',
): ((options?: OptionsOf<D>) => Made) & { readonly definition: Def } {
  checkDefinition(maker, definition, method);
  const owner = camelCase(definition.name);
  const factory = (given: OptionsOf<D> = {} as OptionsOf<D>): Made =>
    make(checkOptions(owner, definition.options, given));
  Object.defineProperty(factory, 'name', { value: owner });
  return Object.assign(factory, { definition });
}

/** 'top-n-sigma' -> 'topNSigma'. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
