import {
  ParameterError,
  type Sampler,
  type StopCondition,
  type Tokenizer,
  TokenwrightError,
  UnknownOptionError,
} from '@tokenwright/core';
import type { Automaton } from '@tokenwright/grammar';
import type { Constraint } from './constraint.ts';

/** A constraint as parts of a call. They hold nothing of a call, so calls at the same time share them. */
export interface CompiledConstraint {
  readonly sampler: Sampler;
  /** Ends a reply that is complete. */
  readonly stopWhen: StopCondition;
}

type Grammar = typeof import('@tokenwright/grammar');

/** Grammars that are kept with their masks. */
const kept = 16;

/** The constraints of the last calls of a model, compiled. Loads the package of grammars with the first one. */
export class CompiledConstraints {
  readonly #tokenizer: Tokenizer;
  /** By their text, the one that was used last at the end. */
  readonly #byText: Map<string, Promise<CompiledConstraint>> = new Map();
  readonly #byAutomaton: WeakMap<Automaton, Promise<CompiledConstraint>> = new WeakMap();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** @throws ParameterError that names the option, with the error of the grammar as its cause. */
  async of(owner: string, constraint: Constraint): Promise<CompiledConstraint> {
    if (constraint.option === 'grammar' && typeof constraint.grammar !== 'string') {
      const { grammar } = constraint;
      let known = this.#byAutomaton.get(grammar);
      if (known === undefined) {
        known = this.#compile(owner, constraint);
        this.#byAutomaton.set(grammar, known);
        known.catch(() => this.#byAutomaton.delete(grammar));
      }
      return known;
    }
    const text = textOf(constraint);
    const compiled = (text === undefined ? undefined : this.#byText.get(text)) ?? this.#compile(owner, constraint);
    if (text === undefined) return compiled;
    this.#byText.delete(text);
    this.#byText.set(text, compiled);
    if (this.#byText.size > kept) this.#byText.delete(this.#byText.keys().next().value!);
    try {
      return await compiled;
    } catch (error) {
      this.#byText.delete(text);
      throw error;
    }
  }

  async #compile(owner: string, constraint: Constraint): Promise<CompiledConstraint> {
    const grammar = await import('@tokenwright/grammar');
    const automaton = automatonOf(owner, grammar, constraint);
    if (isEmpty(automaton))
      throw new ParameterError(
        owner,
        constraint.option,
        'a constraint that at least one text satisfies',
        givenIn(constraint),
      );
    const vocabulary = grammar.tokenizerVocabulary(this.#tokenizer);
    return {
      sampler: grammar.constrain({ automaton, vocabulary }),
      stopWhen: grammar.stopWhenComplete({ automaton, vocabulary }),
    };
  }
}

/** Undefined for a schema that is not JSON, which is refused when it is compiled. */
function textOf(constraint: Constraint): string | undefined {
  try {
    return JSON.stringify(constraint);
  } catch {
    return undefined;
  }
}

function automatonOf(owner: string, grammar: Grammar, constraint: Constraint): Automaton {
  try {
    switch (constraint.option) {
      case 'schema':
        return grammar.jsonSchema(constraint.schema as never, constraint.options);
      case 'regex':
        return grammar.regularExpression(constraint.pattern);
      case 'choices':
        return grammar.choices(constraint.texts);
      case 'grammar':
        return typeof constraint.grammar === 'string' ? grammar.gbnf(constraint.grammar) : constraint.grammar;
    }
  } catch (error) {
    throw underOption(owner, constraint, error);
  }
}

/** A pattern such as `a^` matches nothing, not even the empty text. */
function isEmpty(automaton: Automaton): boolean {
  const { initial } = automaton;
  if (automaton.accepting(initial)) return false;
  for (let byte = 0; byte < 256; byte++) if (automaton.step(initial, byte) !== undefined) return false;
  return true;
}

const meaning: Readonly<Record<Constraint['option'], string>> = {
  schema: 'a JSON Schema that can be enforced',
  regex: 'a regular expression that can be enforced',
  choices: 'a list of texts',
  grammar: "a grammar in llama.cpp's notation",
};

/** The error of a builder under the name of the option that the caller gave. */
function underOption(owner: string, constraint: Constraint, error: unknown): unknown {
  const { option } = constraint;
  if (!TokenwrightError.isInstance(error)) return error;
  if (UnknownOptionError.isInstance(error))
    return new UnknownOptionError(`${owner}: schemaOptions`, error.option, error.known);
  if (ParameterError.isInstance(error)) {
    const { parameter, allowed, received } = error;
    const isOption = option === 'schema' && parameter !== 'schema';
    return new ParameterError(owner, isOption ? `schemaOptions.${parameter}` : option, allowed, received, {
      cause: error,
    });
  }
  const reason = error.message.replace(/\.$/, '');
  return new ParameterError(owner, option, `${meaning[option]} (${reason})`, givenIn(constraint), { cause: error });
}

function givenIn(constraint: Constraint): unknown {
  switch (constraint.option) {
    case 'schema':
      return constraint.schema;
    case 'regex':
      return constraint.pattern;
    case 'choices':
      return constraint.texts;
    case 'grammar':
      return constraint.grammar;
  }
}
