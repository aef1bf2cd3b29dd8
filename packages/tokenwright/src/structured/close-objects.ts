type Schema = Readonly<Record<string, unknown>>;

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const one: readonly string[] = ['items', 'additionalProperties', 'contains', 'propertyNames'];
const lists: readonly string[] = ['prefixItems', 'anyOf', 'oneOf', 'allOf'];
const maps: readonly string[] = ['properties', 'patternProperties', '$defs', 'definitions'];
/** Keywords whose schemas are about the same object. */
const parts: readonly string[] = ['allOf', 'anyOf', 'oneOf'];

/**
 * The schema with objects that have named properties only. An object that says what other properties may be is left as it is. The
 * parts of an intersection stay open, and the whole is closed.
 */
export function closeObjects(schema: Schema): Schema {
  const open = new Set<unknown>();
  findParts(schema, schema, open, new Set());
  return close(schema, open) as Schema;
}

/** Collects the schemas that describe a part of an object, by reference or in place. */
function findParts(schema: unknown, root: Schema, open: Set<unknown>, seen: Set<unknown>): void {
  if (!isSchema(schema) || seen.has(schema)) return;
  seen.add(schema);
  if (isWhole(schema))
    for (const keyword of parts) for (const part of listOf(schema[keyword])) addPart(part, root, open);
  for (const inner of innerSchemas(schema)) findParts(inner, root, open, seen);
}

function addPart(schema: unknown, root: Schema, open: Set<unknown>): void {
  if (!isSchema(schema) || open.has(schema)) return;
  open.add(schema);
  if (typeof schema.$ref === 'string') addPart(referred(schema.$ref, root), root, open);
  for (const keyword of parts) for (const part of listOf(schema[keyword])) addPart(part, root, open);
}

function referred(reference: string, root: Schema): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const name of reference.split('/').slice(1))
    at = isSchema(at) ? at[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return at;
}

/** Whether the object is described by several schemas together. */
function isWhole(schema: Schema): boolean {
  return schema.allOf !== undefined || (schema.properties !== undefined && parts.some((name) => name in schema));
}

function close(schema: unknown, open: ReadonlySet<unknown>): unknown {
  if (!isSchema(schema)) return schema;
  const closed: Record<string, unknown> = { ...schema };
  for (const name of one) if (name in schema) closed[name] = close(schema[name], open);
  for (const name of lists) if (name in schema) closed[name] = listOf(schema[name]).map((inner) => close(inner, open));
  for (const name of maps)
    if (isSchema(schema[name]))
      closed[name] = Object.fromEntries(Object.entries(schema[name]).map(([key, inner]) => [key, close(inner, open)]));
  if (open.has(schema) || 'additionalProperties' in schema || 'unevaluatedProperties' in schema) return closed;
  if (isWhole(schema)) closed.unevaluatedProperties = false;
  else if (isSchema(schema.properties)) closed.additionalProperties = false;
  return closed;
}

function innerSchemas(schema: Schema): unknown[] {
  return [
    ...one.map((name) => schema[name]),
    ...lists.flatMap((name) => listOf(schema[name])),
    ...maps.flatMap((name) => (isSchema(schema[name]) ? Object.values(schema[name]) : [])),
  ];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
