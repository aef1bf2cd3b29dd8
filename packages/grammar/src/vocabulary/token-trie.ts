/** The bytes of all tokens as a prefix tree, in depth-first order. Node 0 is the root. */
export interface TokenTrie {
  /** The last byte of the node's path, by node. */
  readonly byte: Uint8Array;
  /** Length of the path, by node. */
  readonly depth: Uint16Array;
  /** The node after the last one below, by node. */
  readonly end: Int32Array;
  /** A token with these bytes, or -1, by node. */
  readonly token: Int32Array;
  /** Another token with the same bytes, or -1, by token. */
  readonly same: Int32Array;
  readonly parent: Int32Array;
  readonly size: number;
}

/** @param bytesOf the bytes of each token; empty for a token without. */
export function createTrie(bytesOf: readonly Uint8Array[], include: (id: number) => boolean = () => true): TokenTrie {
  const ids: number[] = [];
  for (let id = 0; id < bytesOf.length; id++) if (bytesOf[id]!.length > 0 && include(id)) ids.push(id);
  ids.sort((a, b) => order(bytesOf[a]!, bytesOf[b]!) || a - b);
  let capacity = 1;
  for (const id of ids) capacity += bytesOf[id]!.length;
  const byte = new Uint8Array(capacity);
  const depth = new Uint16Array(capacity);
  const end = new Int32Array(capacity);
  const token = new Int32Array(capacity).fill(-1);
  const parent = new Int32Array(capacity);
  const same = new Int32Array(bytesOf.length).fill(-1);
  let size = 1;
  const path = [0];
  let before: Uint8Array = new Uint8Array();
  for (const id of ids) {
    const text = bytesOf[id]!;
    let shared = 0;
    while (shared < before.length && shared < text.length && before[shared] === text[shared]) shared++;
    while (path.length > shared + 1) end[path.pop()!] = size;
    for (let at = shared; at < text.length; at++) {
      byte[size] = text[at]!;
      depth[size] = at + 1;
      parent[size] = path.at(-1)!;
      path.push(size++);
    }
    const node = path.at(-1)!;
    same[id] = token[node]!;
    token[node] = id;
    before = text;
  }
  for (const node of path) end[node] = size;
  return {
    byte: byte.slice(0, size),
    depth: depth.slice(0, size),
    end: end.slice(0, size),
    token: token.slice(0, size),
    parent: parent.slice(0, size),
    same,
    size,
  };
}

function order(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
