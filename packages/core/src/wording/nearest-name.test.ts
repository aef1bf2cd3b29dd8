import { expect, test } from 'vitest';
import { nearestName } from './nearest-name.ts';

const commands = ['generate', 'chat', 'demo', 'explain', 'score', 'help', 'version'];
const samplers = ['top-a', 'top-k', 'top-p', 'min-p', 'greedy', 'temperature'];

test.each<[string, readonly string[], string]>([
  ['--verison', commands, 'version'],
  ['genrate', commands, 'generate'],
  ['chatt', commands, 'chat'],
  ['temp', samplers, 'temperature'],
  ['temprature', samplers, 'temperature'],
  ['top_p', samplers, 'top-p'],
  ['topK', samplers, 'top-k'],
  ['max_new_token', ['maxNewTokens', 'minNewTokens'], 'maxNewTokens'],
  ['greddy', samplers, 'greedy'],
  ['top_p', ['p', 'minKeep'], 'p'],
  ['beams', ['numBeams', 'lengthPenalty'], 'numBeams'],
])('%s is near', (name, known, nearest) => {
  expect(nearestName(name, known)).toBe(nearest);
});

test.each<[string, readonly string[]]>([
  ['--verison', commands.slice(0, -1)],
  ['nope', samplers],
  ['x', ['k', 'p']],
  ['', samplers],
  ['-', ['k']],
  ['stream', ['steps', 'strategy', 'samplers']],
  ['__proto__', samplers],
  ['x'.repeat(1_000_000), samplers],
])('nothing is near %.20s', (name, known) => {
  expect(nearestName(name, known)).toBeUndefined();
});
