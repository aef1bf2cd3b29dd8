/** What a large object is, for messages: objects such as models are too large to print. */
export function kindOf(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { name } = value;
  return typeof name === 'string' ? `the object '${name}'` : value;
}

/** Whether a value has members that can be asked for. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
