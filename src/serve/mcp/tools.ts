/** The tools of `glz mcp`: labels and questions, asked by language models. Knows no stdio. */
import { McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { DataError, UsageError } from '../../base/errors.ts';
import { textNotes } from '../../classify/classifier.ts';
import { explain, explainedLabels } from '../../classify/explain/explain.ts';
import { scoringOfSets } from '../../classify/levels.ts';
import type { LoadedClassifier } from '../../classify/load-classifier.ts';
import { createAsker } from '../../classify/questions/decide.ts';
import { type Answers, askedQuestions } from '../../classify/questions/questions.ts';
import { rankSet } from '../../classify/rank-labels.ts';
import { scoringOptions } from '../../classify/records/predict-records.ts';
import { checkLabels } from '../../classify/records/prepared-record.ts';
import { abstains, withFit } from '../../classify/tuning/label-fit.ts';
import { labelSet } from '../../text/described-labels.ts';
import { classifyInput, classifyOutput, decideInput, decideOutput } from './schemas.ts';

/** What the tools are made of. */
export interface ToolSettings {
  classifier: LoadedClassifier;
  /** The same with a fit, where one is asked for ({@link withFit}). */
  fitting: LoadedClassifier;
  /** The model's name in answers. */
  model: string;
  version: string;
  windows: number;
  /** Told of what is no fault of the caller. */
  onDefect(error: unknown): void;
  /** Told how many calls run, as they begin and end. */
  onRunning?(calls: number): void;
}

/** Neither tool changes anything or goes anywhere. */
const ANNOTATIONS = { readOnlyHint: true, idempotentHint: true, destructiveHint: false, openWorldHint: false };

const INSTRUCTIONS = [
  'Classifies English texts on this machine with a small model: no data leaves it, and a text takes milliseconds.',
  'Use "classify" to label texts, many at once, with any labels; use "decide" for statements that are true or not, choices and scales.',
  'Scores are what the model takes for probabilities, no certainties.',
].join(' ');

type AnswerItem = z.infer<typeof decideOutput>['results'][number]['answers'][number];

/** Answers as a list, in the order of the questions. */
function answerList(questions: z.infer<typeof decideInput>['questions'], answers: Answers): AnswerItem[] {
  return questions.map(({ name, type, levels = [] }): AnswerItem => {
    // A name may be one that every object has.
    const answer = Object.getOwnPropertyDescriptor(answers, name)!.value as Answers[string];
    const { confidence } = answer;
    if ('probability' in answer) return { name, type, answer: answer.answer, confidence, probability: answer.probability };
    if ('level' in answer) {
      const scores = levels.map((level, at) => ({
        option: (typeof level === 'string' ? level : level.label).trim(),
        score: answer.scores[at],
      }));
      return { name, type, answer: answer.level, confidence, value: answer.value, scores };
    }
    return {
      name,
      type,
      answer: answer.answer,
      confidence,
      scores: Object.entries(answer.scores).map(([option, score]) => ({ option, score })),
    };
  });
}

/** Makes the server with its tools; several may share a classifier. */
export function createMcpServer({ classifier, fitting, model, version, windows, onDefect, onRunning }: ToolSettings): McpServer {
  const server = new McpServer({ name: 'glz', title: 'glz: zero-shot text classification', version }, { instructions: INSTRUCTIONS });

  let running = 0;
  const count = (change: 1 | -1): void => {
    running += change;
    onRunning?.(running);
  };

  /** A result as structure, and as text for clients that know none; of a fault of the caller what it is. */
  async function answer<Output extends Record<string, unknown>>(compute: () => Promise<Output>) {
    count(1);
    try {
      const output = await compute();
      return { content: [{ type: 'text' as const, text: JSON.stringify(output) }], structuredContent: output };
    } catch (error) {
      const isCallers = error instanceof UsageError || error instanceof DataError;
      if (!isCallers) onDefect(error);
      const text = isCallers ? error.message : 'glz failed to answer; what it wrote on stderr says why';
      return { content: [{ type: 'text' as const, text }], isError: true };
    } finally {
      count(-1);
    }
  }

  server.registerTool(
    'classify',
    {
      title: 'Label texts',
      description:
        'Scores any candidate labels for each text (zero-shot). Labels in plain words work best ("billing problem", not "BILL_01"); a description may say what one means, a parent what it is a kind of. A text gets its best label even where none fits, unless "abstain" is set.',
      inputSchema: classifyInput,
      outputSchema: classifyOutput,
      annotations: ANNOTATIONS,
    },
    ({ texts, labels, explain: isExplained, ...options }, { mcpReq: { signal } }) =>
      answer(async () => {
        const set = labelSet(labels, 'labels', UsageError);
        await checkLabels(classifier, set);
        const requests = texts.map((text) => ({ text, labels: set.labels }));
        const scoring = scoringOfSets([set], scoringOptions({ windows, multiLabel: options.multiLabel }));
        const scored = await (abstains(options) ? fitting : classifier).logits(requests, { ...scoring, signal });
        const ranked = scored.map(({ logits, fit }) => rankSet(set, logits, classifier.options.calibration, options, { fit }));
        const asked = requests.map((request, row) => ({
          ...{ ...request, logits: scored[row].logits, ...explainedLabels(set, ranked[row], options) },
        }));
        const explanations = isExplained ? await explain(classifier, asked, scoring) : undefined;
        const results = scored.map((result, row) => ({
          ...ranked[row],
          ...(explanations ? { explanations: explanations[row].map(({ label, bias, words }) => ({ label, bias, words })) } : {}),
          ...textNotes(result),
        }));
        return { model, results };
      }),
  );

  server.registerTool(
    'decide',
    {
      title: 'Answer questions about texts',
      description:
        'Answers typed questions about each text, with probabilities: a choice among options, whether a statement is true, a level of an ordered scale. A text is read once for all of them.',
      inputSchema: decideInput,
      outputSchema: decideOutput,
      annotations: ANNOTATIONS,
    },
    ({ texts, questions }, { mcpReq: { signal } }) =>
      answer(async () => {
        const twice = questions.find(({ name }, at) => questions.findIndex((other) => other.name === name) < at);
        if (twice) throw new UsageError(`questions: the name "${twice.name}" is given twice`);
        const asked = askedQuestions(Object.fromEntries(questions.map(({ name, ...question }) => [name, question])));
        const asker = await createAsker(classifier, asked);
        const answered = await asker.answer(texts, { ...scoringOptions({ windows }), signal });
        const results = answered.map(({ answers, ...read }) => ({ answers: answerList(questions, answers), ...textNotes(read) }));
        return { model, results };
      }),
  );
  return server;
}
