import type { Architecture, EncoderDecoderArchitecture, Operations, Weight } from '@tokenwright/core/engine';

/** What stands for an activation while nothing is computed. */
type Nothing = Readonly<Record<string, never>>;

/**
 * The weights that a model looks up by position or distance: small tables whose numbers are added or multiplied as they are, and
 * which engines hold in full. Found by going through the model's operations once, without computing.
 */
export function positionTables(
  architecture: Architecture | EncoderDecoderArchitecture,
  weights: unknown,
  settings: unknown,
): ReadonlySet<Weight> {
  const tables = new Set<Weight>();
  const note = (weight: Weight | undefined): Nothing => {
    if (weight !== undefined) tables.add(weight);
    return {};
  };
  const nothing = (): Nothing => ({});
  const op: Operations<Nothing, Weight> = {
    embed: (_, { positions } = {}) => note(positions),
    positions: (table) => note(table),
    rotary: (_, { table }) => note(table),
    attend: (_q, _k, _v, { bias }) => note(bias?.table),
    split: (_, widths) => widths.map(nothing),
    norm: nothing,
    linear: nothing,
    gated: nothing,
    crossAttend: nothing,
    storeEncoderKeyValues: nothing,
    add: nothing,
    scale: nothing,
    softcap: nothing,
    multiply: nothing,
    tap: nothing,
  };
  if ('encode' in architecture)
    architecture.encoderKeyValues(op, weights, settings, architecture.encode(op, weights, settings));
  architecture.head(op, weights, settings, architecture.forward(op, weights, settings));
  return tables;
}
