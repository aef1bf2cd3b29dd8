// An object with the type of a Zod schema, as it grows and when it is complete. The story model knows no JSON, so what it says is
// nonsense, but it always conforms.
import { languageModel } from 'tokenwright';
import { z } from 'zod';

await using lm = await languageModel('story');

const ship = z.object({
  name: z.string().regex(/^[A-Z][a-z]{2,8}$/),
  crew: z.number().int().min(1).max(99),
  cargo: z.array(z.enum(['salt', 'tea', 'silk'])).max(2),
});
const call = lm.generate('The captain wrote of his ship: ', { schema: ship, seed: 3 });
for await (const part of call.partialObjects) console.log(part);

const { object, finishReason } = await call;
if (object === undefined) throw new Error(`The reply is not complete: ${finishReason}`);
console.log(`${object.name} has a crew of ${object.crew} and ${object.cargo.join(' and ') || 'nothing'} on board.`);
