/** Kinds of labels that a run can ask for. */

/** A kind of labels. */
export interface Task {
  /** What its labels say. */
  says: string;
  /** Fewest and most true labels that make sense: a text has one urgency, and may have several topics. */
  labels: readonly [number, number];
  /** Shown to the model, which needs to see what a label of this kind looks like; far from the domains of the presets. */
  sample: { text: string; labels: readonly string[]; not_labels: readonly string[] };
}

/** The tasks by their names in settings. */
export const TASKS = {
  topic: {
    says: 'topics that the text is about',
    labels: [1, 4],
    sample: {
      text: 'We sing on Tuesdays now, because they are painting the hall.',
      labels: ['choir rehearsals'],
      not_labels: ['concert review', 'singing lessons'],
    },
  },
  intent: {
    says: 'what the writer wants to get done',
    labels: [1, 2],
    sample: {
      text: 'Are there still two places on the nine o clock ferry?',
      labels: ['check availability'],
      not_labels: ['make a booking', 'ask for the price'],
    },
  },
  sentiment: {
    says: 'the sentiment of the writer towards what is described',
    labels: [1, 1],
    sample: {
      text: 'It does what it should, but for that money I had expected more from this lawn mower.',
      labels: ['negative'],
      not_labels: ['mixed', 'neutral'],
    },
  },
  emotion: {
    says: 'the emotion of the writer',
    labels: [1, 2],
    sample: {
      text: 'I keep looking at the clock, the vet said she would call by noon.',
      labels: ['anxiety'],
      not_labels: ['anger', 'grief'],
    },
  },
  'question type': {
    says: 'the kind of answer that the text asks for (the text is a question)',
    labels: [1, 1],
    sample: { text: 'Since when has the old lighthouse been dark?', labels: ['date'], not_labels: ['place', 'reason'] },
  },
  toxicity: {
    says: 'whether and how the text breaks the rules of a polite community (most texts do not)',
    labels: [1, 2],
    sample: {
      text: 'Anybody who grows roses like that should be kept away from gardens.',
      labels: ['mockery'],
      not_labels: ['threat', 'profanity'],
    },
  },
  'entity type': {
    says: 'the type of the thing that the text describes',
    labels: [1, 2],
    sample: {
      text: 'The Meridian was built in 1911 and still carries wool across the lake.',
      labels: ['cargo ship'],
      not_labels: ['ferry', 'shipyard'],
    },
  },
  urgency: {
    says: 'how soon somebody has to act on the text',
    labels: [1, 1],
    sample: {
      text: 'Water is coming through the ceiling of the archive.',
      labels: ['act at once'],
      not_labels: ['this week', 'whenever possible'],
    },
  },
  'multi-label': {
    says: 'several independent properties of the text: topic, tone and purpose',
    labels: [2, 4],
    sample: {
      text: 'Thank you for mending my loom so fast! Where do I find its manual?',
      labels: ['weaving', 'grateful', 'asks for a document'],
      not_labels: ['spinning', 'annoyed', 'reports a defect'],
    },
  },
} as const satisfies Record<string, Task>;

/** Name of a task. */
export type TaskName = keyof typeof TASKS;
