import {
  classifierFreeGuidance,
  combine,
  contrastiveLi,
  contrastiveLogits,
  dola,
  type Rule,
} from '@tokenwright/contrastive';
import { encodePrompt, type LanguageModel, ParameterError, type Strategy, UnsupportedError } from '@tokenwright/core';
import { beamSearch, earlyExit, promptLookup, speculative } from '@tokenwright/strategies';
import type { Decoding, Settings } from '../settings.ts';
import { samplingWithParts } from './sampling-with-parts.ts';
import type { Session } from './session.ts';

/** The model or the combination of models that a run uses, and its strategy. */
export interface Decoder {
  readonly model: LanguageModel;
  readonly strategy?: Strategy;
  /** Whether the model is a combination, which needs its own cache. */
  readonly combined: boolean;
}

/** Engines take at most 256 tokens of all hypotheses at a time, and the tree of more beams than this cannot be read. */
const mostBeams = 32;

export async function decoderOf(session: Session, { decoding }: Settings): Promise<Decoder> {
  const { model } = session.loaded;
  switch (decoding.kind) {
    case 'sampling':
      return { model, combined: false };
    case 'beams': {
      const { kind: _, ...options } = decoding;
      if (options.numBeams > mostBeams)
        throw new ParameterError('beam search on this page', 'numBeams', `at most ${mostBeams}`, options.numBeams);
      return { model, strategy: beamSearch(options), combined: false };
    }
    case 'speculative':
      return { model, strategy: speculative(await draftOf(session, decoding)), combined: false };
    case 'contrast':
      return { model: await contrasted(session, decoding), strategy: samplingWithParts(), combined: true };
  }
}

async function draftOf(
  session: Session,
  { kind: _, draft, ...options }: Extract<Decoding, { kind: 'speculative' }>,
): Promise<Parameters<typeof speculative>[0]> {
  const { model } = session.loaded;
  if (draft === 'prompt-lookup') return { draft: promptLookup(), ...options };
  if (draft === 'early-exit') return { draft: earlyExit({ layer: Math.ceil(model.layers / 2) }), ...options };
  return { draft: await weakerThan(session, 'A draft'), ...options };
}

async function contrasted(
  session: Session,
  { rule, alpha, strength, otherPrompt }: Extract<Decoding, { kind: 'contrast' }>,
): Promise<LanguageModel> {
  const { tokenizer } = session;
  const expert = session.loaded.model;
  if (rule === 'dola') return combine({ expert, rule: dola({ relativeTop: alpha, tieWordEmbeddings: true }) });
  if (rule === 'classifier-free-guidance') {
    const prompt = otherPrompt === '' ? ('last-token' as const) : encodePrompt(tokenizer, otherPrompt);
    return combine({ expert, others: [{ prompt }], rule: classifierFreeGuidance({ guidanceScale: 1 + strength }) });
  }
  const made: Rule =
    rule === 'contrastive-li' ? contrastiveLi({ alpha }) : contrastiveLogits({ alpha, beta: strength });
  return combine({ expert, others: [{ model: await weakerThan(session, 'An amateur') }], rule: made });
}

/** The small demo model, when it has the same tokens. */
async function weakerThan(session: Session, what: string): Promise<LanguageModel> {
  const { model, tokenizer } = await session.weaker();
  if (model.vocabSize !== session.loaded.model.vocabSize || !session.tokenizesLike(tokenizer))
    throw new UnsupportedError(
      `${what.toLowerCase()} of another vocabulary`,
      `The model ${session.loaded.model.name}`,
      'Choose a method that needs no second model: prompt lookup, early layers or guidance.',
    );
  return model;
}
