import { UnsupportedSchemaError } from '../errors.ts';

export type Schema = boolean | { readonly [keyword: string]: unknown };

/** A schema and the document that it is in. */
export interface Place {
  readonly schema: Schema;
  /** Absolute URI of the schema resource, without a fragment. */
  readonly base: string;
  /** JSON pointer in its document. */
  readonly pointer: string;
  readonly document: string;
}

/** Keywords whose value is not made of schemas. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', 'example']);
/** Keywords whose value maps names to schemas. */
const maps: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/** Finds schemas by reference. */
export class References {
  /** Resources by URI without a fragment. */
  readonly #resources: Map<string, Place> = new Map();
  readonly #anchors: Map<string, Place> = new Map();
  readonly #places: Map<object, Place> = new Map();
  readonly #remote: (uri: string) => Schema | undefined;
  readonly #failed: Set<string> = new Set();

  readonly #old: boolean;

  /** @param old the dialect of a schema without `$schema`: draft 7 or older. */
  constructor(remote: (uri: string) => Schema | undefined, old: boolean) {
    this.#remote = remote;
    this.#old = old;
  }

  /** Take in a document. */
  add(schema: Schema, uri: string): Place {
    const place: Place = { schema, base: uri, pointer: '', document: uri };
    this.#resources.set(uri, place);
    this.#index(place, this.#old);
    const indexed = typeof schema === 'object' ? this.#places.get(schema) : undefined;
    return indexed ?? place;
  }

  #index(place: Place, old: boolean): void {
    const { schema, pointer, document } = place;
    if (typeof schema !== 'object' || schema === null || this.#places.has(schema)) return;
    let base = place.base;
    const dialect = typeof schema.$schema === 'string' ? isOldDialect(schema) : old;
    const id = schema.$id ?? (dialect ? schema.id : undefined);
    // In old dialects a $ref hides its siblings.
    if (typeof id === 'string' && !(dialect && typeof schema.$ref === 'string')) {
      const full = resolveUri(id, base);
      const [resource, fragment] = parts(full);
      if (fragment === '' || !dialect) base = resource;
      if (fragment !== '' && dialect) this.#anchors.set(full, { schema, base, pointer, document });
    }
    const here: Place = { schema, base, pointer, document };
    this.#places.set(schema, here);
    if (base !== place.base) this.#resources.set(base, here);
    for (const anchor of [schema.$anchor, schema.$dynamicAnchor])
      if (typeof anchor === 'string') this.#anchors.set(`${base}#${anchor}`, here);
    for (const [keyword, value] of Object.entries(schema)) {
      if (data.has(keyword) || typeof value !== 'object' || value === null) continue;
      const child = (inner: unknown, path: string): void => {
        if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
          this.#index({ schema: inner as Schema, base, pointer: path, document }, dialect);
      };
      const path = `${pointer}/${escapePointer(keyword)}`;
      if (Array.isArray(value)) for (const [i, inner] of value.entries()) child(inner, `${path}/${i}`);
      else if (maps.has(keyword))
        for (const [name, inner] of Object.entries(value)) child(inner, `${path}/${escapePointer(name)}`);
      else child(value, path);
    }
  }

  /** The place of a schema that is below `parent`. */
  place(schema: Schema, parent: Place, path: string): Place {
    const known = typeof schema === 'object' && schema !== null ? this.#places.get(schema) : undefined;
    return known ?? { schema, base: parent.base, pointer: parent.pointer + path, document: parent.document };
  }

  /** @throws UnsupportedSchemaError when nothing is there. */
  resolve(reference: string, from: Place, keyword = '$ref'): Place {
    const full = resolveUri(reference, from.base);
    const [resource, fragment] = parts(full);
    const fail = (): never => {
      throw new UnsupportedSchemaError(keyword, `#${from.pointer}`, `refers to '${reference}', which is not known`);
    };
    const anchored = this.#anchors.get(full);
    if (anchored !== undefined) return anchored;
    let root = this.#resources.get(resource);
    if (root === undefined && !this.#failed.has(resource)) {
      const schema = this.#remote(resource);
      if (schema === undefined) this.#failed.add(resource);
      else {
        root = this.add(schema, resource);
        return this.resolve(reference, from, keyword);
      }
    }
    if (root === undefined) return fail();
    if (fragment === '') return typeof root.schema === 'object' ? (this.#places.get(root.schema) ?? root) : root;
    if (!fragment.startsWith('/')) return this.#anchors.get(`${root.base}#${fragment}`) ?? fail();
    let at: unknown = root.schema;
    let base = root.base;
    for (const token of fragment.slice(1).split('/')) {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return fail();
      at = (at as { [name: string]: unknown })[name];
      const place = typeof at === 'object' && at !== null ? this.#places.get(at) : undefined;
      if (place !== undefined) base = place.base;
    }
    if (typeof at !== 'boolean' && (typeof at !== 'object' || at === null || Array.isArray(at))) return fail();
    const known = typeof at === 'object' ? this.#places.get(at) : undefined;
    if (known !== undefined) return known;
    const place: Place = { schema: at as Schema, base, pointer: root.pointer + fragment, document: root.document };
    // A schema under a keyword that is not one of the specification's.
    this.#index(place, this.#old);
    return (typeof at === 'object' ? this.#places.get(at) : undefined) ?? place;
  }
}

/** True for draft 7 and older, in which a `$ref` hides its siblings. */
export function isOldDialect(schema: Schema): boolean {
  return (
    typeof schema === 'object' &&
    schema !== null &&
    typeof schema.$schema === 'string' &&
    /draft-0[3-7]/.test(schema.$schema)
  );
}

export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function parts(uri: string): [resource: string, fragment: string] {
  const hash = uri.indexOf('#');
  return hash < 0 ? [uri, ''] : [uri.slice(0, hash), decode(uri.slice(hash + 1))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function resolveUri(reference: string, base: string): string {
  if (reference.startsWith('#')) return base + reference;
  try {
    return new URL(reference, base).href;
  } catch {
    return reference;
  }
}
