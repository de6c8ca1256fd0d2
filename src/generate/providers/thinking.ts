/**
 * Language models that think before they answer: their draft is no answer. It comes in tags in front of the answer, or in a field of its
 * own; servers can be asked to leave it out, each in its own way.
 */

/** The end of a draft in the tags that models use; of Harmony (gpt-oss) the start of the answer's channel. */
const DRAFT_ENDS = /<\/(?:think|thinking|thought|reasoning|seed:think)>|\[\/THINK\]|<\|channel\|>final<\|message\|>/gi;
const DRAFT_BEGINS = /<(?:think|thinking|thought|reasoning|seed:think)>|\[THINK\]|<\|channel\|>analysis<\|message\|>/i;

/** An answer without the draft that stands before it: what is behind the last end of one; nothing of a draft that does not end. */
export function withoutDraft(text: string): string {
  const ends = [...text.matchAll(DRAFT_ENDS)];
  const last = ends.at(-1);
  const answer = last ? text.slice(last.index + last[0].length) : text;
  const begin = answer.search(DRAFT_BEGINS);
  return begin < 0 ? answer : answer.slice(0, begin);
}

/** Whether a server refuses a request for what it says about thinking. */
export const refusesThinking = (status: number | undefined, message: string): boolean => status === 400 && /think|reason/i.test(message);
