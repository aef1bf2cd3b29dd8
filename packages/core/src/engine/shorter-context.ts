import type { Architecture, EncoderDecoderArchitecture, Parameters, Weight } from './operations.ts';

/**
 * The same architecture with a shorter context: its engine has fewer positions, and tables computed per position end at
 * the context or the longest source. A model with 131,072 positions has tables of 64 MB and more.
 */
export function withContext<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  contextLength: number,
): Architecture<C, P> | EncoderDecoderArchitecture<C, P> {
  const shorter: Architecture<C, P> = {
    name: architecture.name,
    configure: (json) => architecture.configure(json),
    dimensions: (config) => ({ ...architecture.dimensions(config), contextLength }),
    parameters(parameters, config, has) {
      const longest = Math.max(contextLength, 'encode' in architecture ? architecture.sourceLength(config) : 0);
      return architecture.parameters(withShortTables(parameters, longest), config, has);
    },
    forward: (operations, weights, config) => architecture.forward(operations, weights, config),
    head: (operations, weights, config, hidden) => architecture.head(operations, weights, config, hidden),
  };
  if (!('encode' in architecture)) return shorter;
  return {
    ...shorter,
    encode: (operations, weights, config) => architecture.encode(operations, weights, config),
    encoderKeyValues: (operations, weights, config, encoded) =>
      architecture.encoderKeyValues(operations, weights, config, encoded),
    sourceLength: (config) => architecture.sourceLength(config),
    sourceVocabSize: (config) => architecture.sourceVocabSize?.(config),
  };
}

function withShortTables(parameters: Parameters<Weight>, longest: number): Parameters<Weight> {
  return {
    matrix: (names, shape) => parameters.matrix(names, shape),
    vector: (names, lengths, options) => parameters.vector(names, lengths, options),
    table(values, rows, width) {
      // With fewer rows, `values` learns of the shorter context.
      return parameters.table(values, Math.min(rows, longest), width);
    },
  };
}
