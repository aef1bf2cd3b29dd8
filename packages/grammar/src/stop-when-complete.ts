import type { StopCondition } from '@tokenwright/core';
import { checkOption, readOptions } from '@tokenwright/core/options';
import type { ConstrainOptions } from './constrain.ts';
import { automatonOption, vocabularyOption } from './grammar-options.ts';
import { HistoryStates } from './history-states.ts';

/**
 * A condition for `stopWhen` that ends a reply as soon as it is complete and nothing can follow, such as after the last `}` of
 * a JSON object. A model with an end token saves the step that chooses it; one without, such as a base model, needs this
 * condition to end at all. A reply that may end or continue, such as digits of `[0-9]+`, is left to the model.
 *
 * @example
 * ```ts
 * const options = { samplers: [constrain({ automaton, vocabulary })], stopWhen: stopWhenComplete({ automaton, vocabulary }) };
 * ```
 */
export function stopWhenComplete(options: ConstrainOptions): StopCondition {
  const owner = 'stopWhenComplete';
  const given = readOptions(owner, options, ['automaton', 'vocabulary']);
  const automaton = checkOption(owner, 'automaton', automatonOption, given.automaton);
  const vocabulary = checkOption(owner, 'vocabulary', vocabularyOption, given.vocabulary);
  const states = new HistoryStates(automaton, vocabulary);
  return ({ history, promptLength }) => {
    const state = states.after(history, promptLength);
    if (state === undefined || !automaton.accepting(state)) return false;
    for (let byte = 0; byte < 256; byte++) if (automaton.step(state, byte) !== undefined) return false;
    return true;
  };
}
