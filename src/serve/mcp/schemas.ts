/**
 * What the tools take and give, as schemas that language models read. Questions and answers are lists here, not objects by name: many hosts let a model fill in fields that
 * are named beforehand only.
 */
import { z } from 'zod';

/** Texts of a call at most. */
const MOST_TEXTS = 1000;
/** Labels of a call at most. */
const MOST_LABELS = 10_000;

const option = z.union([
  z.string(),
  z.strictObject({ label: z.string(), description: z.string().optional().describe('what it means, which is read with it') }),
]);

const label = z.union([
  z.string(),
  z.strictObject({
    label: z.string(),
    description: z.string().optional().describe('what it means, in a sentence'),
    examples: z.array(z.string()).optional().describe('texts that have it'),
    parent: z.string().optional().describe('the label that this one is a kind of: labels are then a tree'),
  }),
]);

const texts = z.array(z.string()).min(1).max(MOST_TEXTS).describe('the texts, each scored by itself');

/** Input of `classify`. */
export const classifyInput = z.strictObject({
  texts,
  labels: z.array(label).min(1).max(MOST_LABELS).describe('candidate labels in plain words; any, no training is needed'),
  multiLabel: z.boolean().optional().describe('score each label by itself: any number may fit. Default: exactly one is right'),
  threshold: z.number().min(0).max(1).optional().describe('leave out labels that score less'),
  topK: z.number().int().min(1).optional().describe('leave out all but the n best labels of each text'),
  levels: z
    .enum(['leaf', 'path', 'all'])
    .optional()
    .describe('of labels with parents, which are given: those that have none below them (default), the path to the best of these, or all'),
  abstain: z.boolean().optional().describe('give no label to a text that none of them is likely to fit, instead of the least bad one'),
  abstainBelow: z.number().min(0).max(1).optional().describe('abstain below this fit; 0.4 unless given'),
  explain: z.boolean().optional().describe('say what each word of a text adds to its best labels, three at most'),
});

const probability = z.number().min(0).max(1);
const textNotes = {
  unreadable: z.boolean().optional().describe('the model reads nothing of the text: the scores say nothing of it'),
  unknownScript: z.string().optional().describe('the script of the text, where the model knows little of it: the scores mean little'),
};

const explanation = z.object({
  label: z.string(),
  bias: z.number().describe('what no word gives'),
  words: z.array(
    z.object({
      word: z.string(),
      start: z.number().int(),
      end: z.number().int(),
      score: z.number().describe('less than 0: against the label'),
    }),
  ),
});

/** Output of `classify`. */
export const classifyOutput = z.object({
  model: z.string(),
  results: z
    .array(
      z.object({
        labels: z.array(z.string()).describe('best first; none where none is likely to fit, and abstain was asked for'),
        scores: z.array(probability),
        fit: probability.optional().describe('with abstain: the probability that any of the labels fits'),
        path: z
          .array(z.string())
          .optional()
          .describe('of labels with parents: from the top to the best of those that have none below them'),
        pathScores: z.array(probability).optional().describe('of each label of the path, among those that share its parent'),
        joint: probability.optional().describe('of the end of the path'),
        explanations: z.array(explanation).optional(),
        ...textNotes,
      }),
    )
    .describe('one for each text'),
});

/** Input of `decide`. */
export const decideInput = z.strictObject({
  texts,
  questions: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('name of its answer'),
        type: z
          .enum(['choice', 'predicate', 'score'])
          .describe('choice: one of options; predicate: whether a statement is true of the text; score: a level of an ordered scale'),
        options: z.array(option).optional().describe('of a choice: two and more'),
        multiple: z.boolean().optional().describe('of a choice: any number of options may fit'),
        instructions: z
          .string()
          .optional()
          .describe('of a predicate: the statement ("the customer is angry"); else a note for readers, not read by the model'),
        criteria: z
          .strictObject({ true: z.string().optional(), false: z.string().optional() })
          .optional()
          .describe('of a predicate: what true and false mean, in words'),
        levels: z.array(option).optional().describe('of a score: two and more, the lowest first'),
      }),
    )
    .min(1)
    .describe('asked of every text'),
});

/** Output of `decide`. */
export const decideOutput = z.object({
  model: z.string(),
  results: z
    .array(
      z.object({
        answers: z
          .array(
            z.object({
              name: z.string(),
              type: z.enum(['choice', 'predicate', 'score']),
              answer: z.union([z.string(), z.boolean()]).describe('the option or level, or whether the statement is true'),
              confidence: probability,
              probability: probability.optional().describe('of a predicate: that it is true'),
              value: z.number().optional().describe('of a score: the expected level, from 0'),
              scores: z
                .array(z.object({ option: z.string(), score: probability }))
                .optional()
                .describe('of a choice or score: each option'),
            }),
          )
          .describe('one for each question, in order'),
        ...textNotes,
      }),
    )
    .describe('one for each text'),
});
