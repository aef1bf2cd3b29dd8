import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exceptions, fullRooms, mostFiles, type Room, roomOrder } from './rooms.ts';
import { fromRoot, importsOf, repositoryFiles, root } from './workspace.ts';

interface Place {
  readonly level: number;
  readonly branch: number;
  readonly index: number;
}

const isSource = (path: string): boolean =>
  /(?<!\.d)\.[mc]?tsx?$/.test(path) && !/\.(test|bench)\.tsx?$/.test(path) && !/\.generated\./.test(path);
const files = repositoryFiles().filter((path) => /^(packages|apps|tooling)\/[^/]+\/src\//.test(path) && isSource(path));
const packages = [...new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))].sort();

function placesOf(folder: string): Map<Room, Place> {
  const places = new Map<Room, Place>();
  for (const [level, entry] of roomOrder[folder]!.entries())
    for (const [branch, rooms] of (typeof entry === 'string' ? [[entry]] : entry).entries())
      for (const [index, room] of rooms.entries()) places.set(room, { level, branch, index });
  return places;
}

/** The room of a file: the file itself where it has a place of its own, otherwise its folder. */
function roomOf(path: string, folder: string, places: ReadonlyMap<Room, Place>): Room {
  const inside = path.slice(`${folder}/src/`.length);
  return places.has(inside) ? inside : dirname(inside);
}

function isBelow(low: Place, high: Place): boolean {
  if (low.level !== high.level) return low.level < high.level;
  return low.branch === high.branch && low.index < high.index;
}

function byFolder(paths: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of paths) folders.set(dirname(path), [...(folders.get(dirname(path)) ?? []), path]);
  return folders;
}

const isException = (from: string, to: string): boolean =>
  exceptions.some((exception) => exception.from === from && exception.to === to);

it('gives every package an order of its rooms', () => {
  expect(packages.filter((folder) => !(folder in roomOrder))).toEqual([]);
  expect(Object.keys(roomOrder).filter((folder) => !packages.includes(folder))).toEqual([]);
});

describe.each(packages.filter((folder) => folder in roomOrder))('the rooms of %s', (folder) => {
  const places = placesOf(folder);
  const sources = files.filter((path) => path.startsWith(`${folder}/src/`));
  const rooms = new Set(sources.map((path) => roomOf(path, folder, places)));

  it('each have one place in the order: add a new one to rooms.ts and to ARCHITECTURE.md', () => {
    expect([...rooms].filter((room) => !places.has(room))).toEqual([]);
    expect([...places.keys()].filter((room) => !rooms.has(room))).toEqual([]);
    expect(places.size).toBe(roomOrder[folder]!.flat(2).length);
  });

  it('import only rooms below them, types included', () => {
    const problems: string[] = [];
    for (const path of sources) {
      const from = roomOf(path, folder, places);
      for (const { specifier } of importsOf(path)) {
        if (!specifier.startsWith('.')) continue;
        const target = fromRoot(join(root, dirname(path), specifier.split('?')[0]!));
        if (!target.startsWith(`${folder}/src/`) || !isSource(target)) continue;
        const to = roomOf(target, folder, places);
        const [low, high] = [places.get(to), places.get(from)];
        // A room without a place is reported by the test above.
        if (from === to || !low || !high || isBelow(low, high) || isException(path, target)) continue;
        problems.push(`${path} -> ${target}: ${to} is not below ${from}`);
      }
    }
    expect(problems).toEqual([]);
  });

  it(`hold at most ${mostFiles} files each`, () => {
    const folders = byFolder(sources);
    const full = [...folders].filter(([room, held]) => held.length > (fullRooms[room]?.files ?? mostFiles));
    expect(full.map(([room, held]) => `${room}: ${held.length} files`)).toEqual([]);
  });

  it('have one line each in ARCHITECTURE.md, in the same order', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const section = text.split(/^#+ /m).find((part) => part.startsWith(`\`${folder}/src\``)) ?? '';
    const lines = [...section.matchAll(/^\| `([^`]+)` \| (\S.*) \|$/gm)];
    expect(lines.map(([, room]) => room)).toEqual([...places.keys()]);
  });
});

it('makes no exception that nothing needs', () => {
  const stale = exceptions.filter(({ from, to }) => {
    if (!files.includes(from)) return true;
    return !importsOf(from).some(({ specifier }) => fromRoot(join(root, dirname(from), specifier)) === to);
  });
  expect(stale).toEqual([]);
  const held = byFolder(files);
  const emptied = Object.entries(fullRooms).filter(([room, { files: most }]) => (held.get(room)?.length ?? 0) < most);
  expect(emptied).toEqual([]);
});
