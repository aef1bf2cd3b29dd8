import type { OpenedModel } from './open-model.ts';
import type { LanguageModelInfo } from './text-model.ts';

export function infoOf({ inspection, report, model, sequenceToSequence, ...opened }: OpenedModel): LanguageModelInfo {
  const { family, parameters, bytes: modelBytes, hasEncoder } = inspection;
  const { name, contextLength, vocabSize } = (model ?? sequenceToSequence)!;
  return {
    name,
    family,
    parameters,
    modelBytes,
    contextLength,
    vocabSize,
    hasEncoder,
    hasChatTemplate: !hasEncoder && opened.chatTemplate !== undefined,
    generationConfig: opened.generationConfig,
    engine: report,
  };
}
