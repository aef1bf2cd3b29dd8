import { isObject, type JsonObject } from '../../sources/json.ts';
import { PartError } from './fields.ts';

/** Ids that are put before and after those of a text. */
export interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What a post-processor of tokenizer.json, whose fields were checked, puts around a text. Throws PartError. */
export function aroundOf(part: JsonObject | null): Around {
  switch (part?.type) {
    case 'Sequence': {
      const all = (part.processors as JsonObject[]).filter(isObject).map(aroundOf);
      return {
        before: all
          .map(({ before }) => before)
          .reverse()
          .flat(),
        after: all.flatMap(({ after }) => after),
      };
    }
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [(part.cls as [string, number])[1]], after: [(part.sep as [string, number])[1]] };
    case 'TemplateProcessing':
      return template(part);
    default:
      // ByteLevel changes offsets only, which are not reported.
      return { before: [], after: [] };
  }
}

/** Real templates put one or two tokens there. */
const mostAround = 256;

function template(part: JsonObject): Around {
  const special = part.special_tokens as JsonObject;
  const around = { before: [] as number[], after: [] as number[] };
  let ids = around.before;
  let sequences = 0;
  for (const item of part.single as JsonObject[]) {
    if (isObject(item.Sequence)) {
      sequences++;
      ids = around.after;
      continue;
    }
    const name = (item.SpecialToken as JsonObject).id as string;
    const token = Object.hasOwn(special, name) ? (special[name] as JsonObject) : undefined;
    if (token === undefined) throw new PartError('special_tokens', `lacks '${name}', which the template uses`);
    const added = token.ids as number[];
    if (ids.length + added.length > mostAround)
      throw new PartError('single', `puts more than ${mostAround} tokens on one side of a text`);
    for (const id of added) ids.push(id);
  }
  if (sequences !== 1)
    throw new PartError('single', `must hold the text's own tokens once, but holds them ${sequences} times`);
  return around;
}
