import { optionsToJson } from '../check/check-options.ts';
import { defineFactory } from '../check/define-factory.ts';
import type { OptionDeclarations, OptionsOf, OptionValues } from '../check/option.ts';
import type { DeviceSampler, HostSampler, Json, MaskSampler, Sampler, SamplerBase, SamplerKind } from './sampler.ts';

/** The forms of a sampler, without its name and parameters. */
export type SamplerForms =
  | Omit<HostSampler, 'name'>
  | Omit<DeviceSampler, 'name'>
  | Omit<MaskSampler, 'name'>
  | HostAndDeviceForms;

/** A host form and a device form that agree. */
export type HostAndDeviceForms = Omit<HostSampler & DeviceSampler, 'name'>;

/** Everything there is to know about a sampler: declared once, in the module of the sampler. */
export interface SamplerDefinition<
  D extends OptionDeclarations = OptionDeclarations,
  F extends SamplerForms = SamplerForms,
> {
  /** Kebab-case. The factory's name is the same in camelCase. */
  readonly name: string;
  /** One sentence of help, without a trailing period. */
  readonly summary: string;
  /** The paper or the system that it follows. */
  readonly source?: string;
  readonly kind: SamplerKind;
  /** In the order of a form. The first one is the main option: a command line takes it without a name. */
  readonly options: D;
  /** Build the forms from checked options. Throws a ParameterError for options that do not fit together. */
  create(values: OptionValues<D>): F;
}

/** Makes a sampler from options, and carries its definition. */
export type SamplerFactory<
  D extends OptionDeclarations = OptionDeclarations,
  F extends SamplerForms = SamplerForms,
> = (object extends OptionsOf<D>
  ? (options?: OptionsOf<D>) => SamplerBase & F
  : (options: OptionsOf<D>) => SamplerBase & F) & { readonly definition: SamplerDefinition<D, F> };

/** Any factory: what a registry holds. `options` are checked, so they may come from a file. */
export interface AnySamplerFactory {
  (options: never): Sampler;
  readonly definition: SamplerDefinition;
}

/**
 * Define a sampler: its options, help and forms in one place. The factory checks options, fills in defaults and sets
 * `name`, `kind` and `parameters`.
 *
 * @example
 * ```ts
 * export const minP = defineSampler({
 *   name: 'min-p',
 *   summary: 'Keep tokens with at least P times the largest probability',
 *   kind: 'filter',
 *   options: { p: numberOption({ min: 0, max: 1, off: 0, help: 'Share of the largest probability' }) },
 *   create: ({ p }) => ({
 *     onHost(logits, step) { ... },
 *   }),
 * });
 *
 * minP({ p: 0.05 });
 * ```
 */
export function defineSampler<const D extends OptionDeclarations, F extends SamplerForms>(
  definition: SamplerDefinition<D, F>,
): SamplerFactory<D, F> {
  return defineFactory('defineSampler', definition, (checked): SamplerBase & F => {
    const values = ownValues(definition.options, checked);
    const parameters = optionsToJson(definition.options, values) as Json | undefined;
    return {
      name: definition.name,
      ...(parameters === undefined ? {} : { parameters }),
      kind: definition.kind,
      ...definition.create(values),
    };
  }) as SamplerFactory<D, F>;
}

/** The values with copies of lists, so that a sampler does not change when the caller changes a list. */
function ownValues<D extends OptionDeclarations>(declarations: D, values: OptionValues<D>): OptionValues<D> {
  const own: Record<string, unknown> = { ...values };
  for (const [name, { kind }] of Object.entries(declarations)) {
    if (own[name] === undefined) continue;
    if (kind === 'tokens') own[name] = Array.from(own[name] as readonly number[]);
    if (kind === 'token-lists') own[name] = Array.from(own[name] as readonly (readonly number[])[], (ids) => [...ids]);
  }
  return own as OptionValues<D>;
}
