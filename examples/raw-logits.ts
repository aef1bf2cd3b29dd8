// Samplers without a model of this library: one call per token with the logits of any runtime.
import { History, sampleLogits } from '@tokenwright/core';
import { RunState } from '@tokenwright/core/sampling';
import { mirostat2, repetitionPenalty, temperature, topP } from '@tokenwright/samplers';

const words = ['the', 'cat', 'dog', 'sees', 'hears', 'and', 'a', '.'];
/** In place of another runtime: a verb follows an animal, an animal follows an article. */
function logitsFrom(ids: ArrayLike<number>): number[] {
  const last = words[ids[ids.length - 1]!]!;
  return words.map((word) => {
    if (last === 'the' || last === 'a') return ['cat', 'dog'].includes(word) ? 2 : -2;
    if (last === 'cat' || last === 'dog') return ['sees', 'hears', 'and', '.'].includes(word) ? 1 : -2;
    return ['the', 'a'].includes(word) ? 3 : -3;
  });
}

const samplers = [repetitionPenalty({ penalty: 1.1 }), temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
const ids = [0];
while (ids.length < 15) ids.push(sampleLogits(logitsFrom(ids), samplers, { history: ids, seed: 7 }).id);
console.log(ids.map((id) => words[id]).join(' '));

// A stateful sampler also needs a RunState and the history that the previous call returned.
const state = new RunState();
let history = History.of([0]);
while (history.length < 15)
  ({ history } = sampleLogits(logitsFrom(history.tokens), [mirostat2({ tau: 1 })], { history, state, seed: 7 }));
console.log([...history.tokens].map((id) => words[id]).join(' '));
