/** What is good of the answers about some labels. */
import { z } from 'zod';
import { type Asked, byNumber, tally } from '../accept/asking.ts';
import { descriptionSchema } from '../answer.ts';
import { descriptionFault, plainText, spellingKey, wordingFault } from './check.ts';
import { type AskedLabel, type DescriptionsMode, descriptionsRequest } from './plan.ts';
import { descriptionsPrompt, instructions } from './prompt.ts';

/** What a model added to one label; a line of the file of answers. */
export const meaningSchema = z.object({
  /** The label's place among all labels. */
  label: z.int().min(0),
  description: z.string().optional(),
  wordings: z.array(z.string()),
});
export type Meaning = z.infer<typeof meaningSchema>;

/** What the answers to request `number` add to its labels, and what was dropped of them. A label that gets nothing is not among the meanings. */
export async function acceptDescriptions(
  asked: Asked,
  mode: DescriptionsMode,
  number: number,
): Promise<{ meanings: Meaning[]; dropped: Record<string, number> }> {
  const { settings, requester } = asked;
  const request = descriptionsRequest(mode, number);
  const dropped: Record<string, number> = {};
  const meanings = new Map(request.asked.map(({ at }): [number, Meaning] => [at, { label: at, wordings: [] }]));
  const prompted = instructions(mode.wordings);
  // What the labels of this question have already: no two of them may get the same.
  const descriptions = new Set(mode.labels.flatMap(({ description }) => (description === undefined ? [] : [spellingKey(description)])));
  const wordings = new Set(request.asked.flatMap(({ at }) => [mode.labels[at].name, ...mode.labels[at].examples].map(spellingKey)));

  function take({ at, description: own, wordings: room }: AskedLabel, said: z.infer<typeof descriptionSchema>): boolean {
    const meaning = meanings.get(at)!;
    const { name } = mode.labels[at];
    if (own === undefined && meaning.description === undefined) {
      const description = plainText(said.description);
      const fault = descriptionFault(description, { name, instructions: prompted, taken: descriptions });
      if (fault) tally(dropped, `description: ${fault}`);
      else {
        meaning.description = description;
        descriptions.add(spellingKey(description));
      }
    }
    const others = mode.labels.flatMap((label, other) => (other === at ? [] : [label.name]));
    for (const wording of said.wordings.map(plainText)) {
      if (meaning.wordings.length >= room) break;
      const fault = wordingFault(wording, { others, instructions: prompted, taken: wordings });
      if (fault) tally(dropped, `wording: ${fault}`);
      else {
        meaning.wordings.push(wording);
        wordings.add(spellingKey(wording));
      }
    }
    return hasSome(meaning);
  }

  await byNumber(asked, {
    asker: requester,
    items: request.asked,
    schema: descriptionSchema,
    promptFor(some) {
      const answered = request.asked.filter((label) => !some.includes(label)).map(({ path }) => path);
      return descriptionsPrompt({ ...request, asked: some, others: [...answered, ...request.others] });
    },
    // What a label means is no matter of variety.
    temperature: Math.min(settings.temperature, 0.3),
    seed: settings.seed + number,
    suffices: take,
  });
  return { meanings: [...meanings.values()].filter(hasSome), dropped };
}

const hasSome = ({ description, wordings }: Meaning): boolean => description !== undefined || wordings.length > 0;
