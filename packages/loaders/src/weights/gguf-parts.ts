/** 'model-00001-of-00003.gguf': the name, which part, how many. */
const partName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The names of all parts of a model, first to last; undefined for a name that is not that of a part. */
export function partsOf(name: string): readonly string[] | undefined {
  const match = partName.exec(name);
  if (match === null) return undefined;
  const count = Number(match[3]);
  // A name cannot ask for more requests than a model has tensors.
  if (count < 1 || count > mostParts) return undefined;
  return Array.from({ length: count }, (_, i) => `${match[1]}-${String(i + 1).padStart(5, '0')}-of-${match[3]}.gguf`);
}

const mostParts = 9999;

/** The names without those of second and later parts. */
export function withoutLaterParts(names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const parts = partsOf(name);
    return parts === undefined || parts[0] === name || !names.includes(parts[0]!);
  });
}
