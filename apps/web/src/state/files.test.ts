import { expect, it } from 'vitest';
import { chosenFiles, filesChoice } from './files.ts';

const file = (path: string) => ({ path, file: new File(['x'], path.split('/').at(-1)!) });

it('leaves the folder out of the paths, and takes its name', () => {
  const { name, files } = filesChoice([file('my-model/config.json'), file('my-model/parts/1.safetensors')]);
  expect(name).toBe('my-model');
  expect(files.map(({ path }) => path)).toEqual(['config.json', 'parts/1.safetensors']);
});

it.each([
  [['config.json', 'model.safetensors'], 'model.safetensors'],
  [['one.gguf'], 'one.gguf'],
  [['a/x.json', 'b/y.json'], 'a/x.json'],
])('names %j %s', (paths, expected) => {
  const { name, files } = filesChoice(paths.map(file));
  expect(name).toBe(expected);
  expect(files.map(({ path }) => path)).toEqual(paths);
});

it('knows the place of a chosen file in its folder', () => {
  const inFolder = Object.defineProperty(new File(['x'], 'a.json'), 'webkitRelativePath', { value: 'model/a.json' });
  expect(chosenFiles([inFolder, new File(['x'], 'b.json')]).map(({ path }) => path)).toEqual([
    'model/a.json',
    'b.json',
  ]);
});
