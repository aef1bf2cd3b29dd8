import { ParameterError } from '@tokenwright/core';
import { checkList, isObject, readable } from '@tokenwright/core/options';

/** The schema of the arguments of a tool. */
export class ToolSchema {
  /** JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;

  constructor(schema: Readonly<Record<string, unknown>>) {
    this.schema = schema;
  }

  /** The schema of one argument; undefined when it has none of its own. */
  property(name: string): unknown {
    const { properties } = this.schema;
    return isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
}

/** Tools by name, in order. */
export type ToolDefinitions = ReadonlyMap<string, ToolSchema>;

/** Letters, digits and what common names hold: the other characters are part of some format. */
const toolName = /^[\p{L}\p{N}_.\-/]+$/u;

/** Whether a character can be part of a name. */
export function isNameCharacter(character: string): boolean {
  return /[\p{L}\p{N}_.\-/\uD800-\uDFFF]/u.test(character);
}

/** Whether a schema allows texts and nothing else. */
export function isText(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (schema.type === 'string') return true;
  if (schema.type !== undefined) return false;
  if (typeof schema.const === 'string') return true;
  return Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.every((one) => typeof one === 'string');
}

/**
 * The names and schemas of tools in OpenAI's form. A tool without `parameters` takes no arguments.
 *
 * @throws ParameterError.
 */
export function toolDefinitions(owner: string, tools: readonly object[]): ToolDefinitions {
  const definitions = new Map<string, ToolSchema>();
  checkList<object>(owner, 'tools', tools, 'a list of functions', {
    item: (tool, at) =>
      readable(owner, `tools[${at}]`, tool, () => {
        const path = `tools[${at}]`;
        if (!isObject(tool)) throw new ParameterError(owner, path, 'an object that describes a function', tool);
        const inner = tool.type === 'function' && isObject(tool.function) ? tool.function : tool;
        const { name, parameters } = inner;
        if (typeof name !== 'string' || !toolName.test(name))
          throw new ParameterError(
            owner,
            `${path}.function.name`,
            "a name of letters, digits, '_', '-', '.', '/'",
            name,
          );
        if (definitions.has(name))
          throw new ParameterError(owner, `${path}.function.name`, 'a name that no other tool has', name);
        if (parameters !== undefined && (!isObject(parameters) || Array.isArray(parameters)))
          throw new ParameterError(owner, `${path}.function.parameters`, 'a JSON Schema of an object', parameters);
        checkPlain(owner, `${path}.function.parameters`, parameters);
        const none = { type: 'object', properties: {}, additionalProperties: false };
        definitions.set(name, new ToolSchema((parameters as Readonly<Record<string, unknown>> | undefined) ?? none));
        return tool;
      }),
  });
  return definitions;
}

function checkPlain(owner: string, path: string, parameters: unknown): void {
  try {
    JSON.stringify(parameters);
  } catch (cause) {
    throw new ParameterError(owner, path, 'plain JSON, without objects that contain themselves', parameters, { cause });
  }
}
