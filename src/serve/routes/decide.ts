/** Questions about texts: `POST /decide`, and the same in the dialects of two other services. */
import type { Hono } from 'hono';
import { textNotes } from '../../classify/classifier.ts';
import { createAsker } from '../../classify/questions/decide.ts';
import { type Answers, askedQuestions, type Question } from '../../classify/questions/questions.ts';
import { checkedBody, decideBody } from '../bodies.ts';
import { decisionsAnswers, decisionsBody, decisionsQuestions } from '../decisions.ts';
import type { Scheduler } from '../scheduler.ts';
import { systemOneAnswers, systemOneBody, systemOneQuestions } from '../system-one.ts';
import { boundLabels, inTime, jsonOf, type RequestLimits, textsOf } from './limits.ts';

/** What questions are answered with. */
export interface DecideSettings extends RequestLimits {
  scheduler: Scheduler;
  /** The model's name in answers. */
  model: string;
}

/** About how many tokens a text has: clients are told what they read as usage. */
const aboutTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/** Adds the routes. */
export function addDecide(app: Hono, settings: DecideSettings): void {
  const { scheduler, model } = settings;

  async function decideAll(texts: readonly string[], questions: unknown, signal: AbortSignal) {
    const asked = askedQuestions(questions);
    boundLabels(
      [...asked.values()].reduce((sum, { names }) => sum + names.length, 0),
      settings,
    );
    const asker = await createAsker(scheduler, asked);
    return asker.answer(texts, { signal });
  }

  const decide = async (text: string, questions: Record<string, Question>, signal: AbortSignal): Promise<Answers> =>
    (await decideAll([text], questions, signal))[0].answers;

  app.post('/decide', async (context) => {
    const body = checkedBody(decideBody, await jsonOf(context, settings));
    const texts = textsOf(body.texts, settings);
    const answered = await inTime(context, settings, (signal) => decideAll(texts, body.questions, signal));
    const results = answered.map(({ answers, ...read }) => ({ answers, ...textNotes(read) }));
    return context.json({ model, results });
  });

  app.post('/v1/systemone', async (context) => {
    const body = checkedBody(systemOneBody, await jsonOf(context, settings));
    const { text, questions } = systemOneQuestions(body);
    const answers = await inTime(context, settings, (signal) => decide(text, questions, signal));
    return context.json({ model, answers: systemOneAnswers(body, answers), usage: { input_tokens: aboutTokens(text), output_tokens: 0 } });
  });

  app.post('/v1/decisions', async (context) => {
    const body = checkedBody(decisionsBody, await jsonOf(context, settings));
    const { text, questions } = decisionsQuestions(body);
    const answers = await inTime(context, settings, (signal) => decide(text, questions, signal));
    const tokens = aboutTokens(text);
    return context.json({
      model,
      answers: decisionsAnswers(body, answers),
      usage: {
        input_tokens: tokens,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 0,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: tokens,
      },
    });
  });
}
