/**
 * Language models that think before they answer: their draft is no answer. It comes in tags in front of the answer, or in a field of its
 * own; both servers can be asked to leave it out. Knows servers' options and tags, no clients.
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

/** What Ollama is asked for: no thinking; gpt-oss cannot do without, and is asked for little. Models that do not think take it as well. */
export const ollamaThinking = (model: string): false | 'low' => (/gpt-?oss/i.test(model) ? 'low' : false);

/** Whether a server refuses a request for what it says about thinking. */
export const refusesThinking = (status: number | undefined, message: string): boolean => status === 400 && /think|reason/i.test(message);

/** Groq's options about reasoning. */
export interface GroqReasoning {
  reasoning_effort?: 'none' | 'low';
  reasoning_format?: 'hidden';
  include_reasoning?: false;
}

/** Which of them a model takes, only the attempt tells: Qwen can do without, gpt-oss with little, DeepSeek can leave it unsaid. */
const GROQ_REASONING: readonly GroqReasoning[] = [
  { reasoning_effort: 'none' },
  { reasoning_effort: 'low', include_reasoning: false },
  { reasoning_format: 'hidden' },
];

/** Groq's options for one model. A model that does not reason refuses all of them: none is sent before one is needed. */
export interface ReasoningSwitch {
  /** What to send now. */
  readonly options: GroqReasoning;
  /** Told that the model reasons; whether that changes the options. */
  onReasoning(): boolean;
  /** Told that the server refuses these options (of an earlier request perhaps): others are sent from now on. */
  onRefusal(refused: GroqReasoning): void;
}

/** Makes the switch of a model, off at first. */
export function createReasoningSwitch(): ReasoningSwitch {
  const none: GroqReasoning = {};
  const steps = [none, ...GROQ_REASONING, none];
  let step = 0;
  return {
    get options() {
      return steps[step];
    },
    onReasoning() {
      if (step > 0) return false;
      step = 1;
      return true;
    },
    onRefusal(refused) {
      if (refused === steps[step] && step < steps.length - 1) step++;
    },
  };
}
