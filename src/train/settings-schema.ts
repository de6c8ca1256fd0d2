/** Settings of a training run: one schema that checks, documents and fills in every field of `configs/train/*.yaml`, of flags and of the library's `train`. */
import { z } from 'zod';
import { MODEL_OPTIONS } from '../model/options.ts';
import { DEVICES } from '../options/train.ts';
import { zodFields } from '../options/zod-fields.ts';

const share = z.number().min(0).max(1);
/** At 1 nothing would ever be added. */
const decay = z.number().min(0).lt(1);
const weight = z.number().min(0);
const count = z.number().int().min(1);

const dataSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('File of labelled records (JSONL, JSON, CSV, TSV, Parquet; gzip too), or a folder with files for training'),
  weight: z.number().positive().default(1).describe("Factor on the file's share of the mix"),
  distill: z
    .boolean()
    .default(true)
    .describe("Whether loss.distill_weight applies: not where the encoder's own similarity knows nothing (sentiment)"),
  label_noise: z
    .number()
    .min(0)
    .max(0.4)
    .default(0)
    .describe('Share of its true labels that are presumably wrong: the model is not taught to be surer than that'),
  languages: z.array(z.string()).optional().describe('Keep records whose field "lang" is one of these; records without one are kept'),
});

const modelSchema = z
  .strictObject({
    ...zodFields(MODEL_OPTIONS),
    scale: z.number().positive().default(12).describe('Start value of the cosine similarity scale'),
    bias: z.number().default(-5).describe('Start value of the cosine similarity bias'),
    gate: z.number().default(-4).describe('Start value of the biases between blocks: at -4 blocks hardly see each other'),
  })
  .prefault({});

const lossSchema = z
  .strictObject({
    bce_weight: weight.default(0.7).describe('alpha: binary cross-entropy'),
    margin_weight: weight.default(0.3).describe('beta: contrastive margin'),
    margin: weight.default(0.5).describe('How far the lowest true score has to be above the highest wrong one'),
    margin_on: z.enum(['probabilities', 'logits']).default('probabilities').describe('What the contrastive margin compares'),
    softmax_weight: weight.default(0).describe('Cross-entropy of the softmax over all labels of an example'),
    distill_weight: weight.default(0).describe("Cross-entropy against a teacher's embedding similarity of text and labels"),
    teacher: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Encoder that teaches: folder or hub id (mean or cls pooling, any tokenizer); default: the encoder that the run starts from',
      ),
    distill_scale: z.number().positive().default(15).describe('Factor on the cosine before the softmax of the distilled distribution'),
  })
  .prefault({});

const labelsSchema = z
  .strictObject({
    min: count.default(2).describe('Fewest labels in an example'),
    max: count.default(20).describe('Most labels; the number of each example is drawn between both, so that scores do not hang on it'),
    hard_negatives: z.number().int().min(0).default(5).describe("Most of a record's `not_labels` that are used at once"),
    none_share: share.default(0).describe('Share of examples that are shown without their true labels: nothing fits'),
    label_dropout: share.default(0).describe('Share of true labels left out where an example has more than one'),
    near_negatives: share
      .default(0)
      .describe('Share of examples whose other wrong labels are near to a true one by the embeddings of loss.teacher or the start encoder'),
    unrelated_negatives: share
      .default(0)
      .describe(
        'Share of examples that are shown with one to four labels of any file besides, so that what has nothing to do with a text scores low',
      ),
    in_batch_negatives: z
      .boolean()
      // No default in the schema: settings without the field stay those that an older run is resumed with.
      .optional()
      .describe(
        "Whether loss.softmax_weight and distill_weight choose among the labels of a batch's other examples too (cross_attention: late); those that the teacher finds as near as the true ones are left out",
      ),
    max_tokens: count
      // No default in the schema: settings without the field stay those that an older run is resumed with.
      .optional()
      .describe('Tokens of a label that are read in training (cross_attention: late); all of them where absent'),
    negated_share: share
      .default(0)
      .describe('Share of examples that show one label and its negation, as "spam" and "not spam", one of which is true'),
  })
  .prefault({});

const optimizerSchema = z
  .strictObject({
    learning_rate: z.number().positive().default(2e-5).describe('Highest learning rate of AdamW'),
    head_rate_factor: z.number().positive().default(1).describe('Factor on the rate of projection and similarity'),
    layer_decay: z.number().positive().max(1).default(1).describe('Factor on the rate for each layer further from the output'),
    weight_decay: weight.default(0.01).describe('Not on biases, LayerNorms and learned scales'),
    beta1: decay.default(0.9).describe('Decay of the mean of gradients'),
    beta2: decay.default(0.999).describe('Decay of the mean of squared gradients'),
    epsilon: z.number().positive().default(1e-8).describe('Added to the root of the second moment'),
    clip_norm: weight.default(1).describe('Longest gradient; 0: not clipped'),
    freeze_embeddings: z.boolean().default(false).describe('Embedding tables are not trained'),
    freeze_layers: z.number().int().min(0).default(0).describe('Encoder layers, from the input, that are not trained'),
  })
  .prefault({});

/** The schema of a training run's settings. */
export const trainSettingsSchema = z
  .strictObject({
    encoder: z.string().min(1).optional().describe('Pretrained encoder to start from: folder or hub id'),
    checkpoint: z.string().min(1).optional().describe('GliZNet checkpoint to start from instead; its model options are kept'),
    data: z
      .array(
        z.union([
          z
            .string()
            .min(1)
            .transform((path) => dataSchema.parse({ path })),
          dataSchema,
        ]),
      )
      .min(1)
      .describe('Training files; paths are relative to the settings file'),
    text_field: z
      .string()
      .min(1)
      .optional()
      .describe('Field that holds the text, or a path such as `data.text`; `text` or `sentence` where absent'),
    label_field: z
      .string()
      .min(1)
      .optional()
      .describe('Field that holds the true labels, or a path; `labels`, `true_labels` or `label` where absent'),
    label_separator: z
      .string()
      .min(1)
      .optional()
      .describe(
        'What stands between the labels of a record where they are text (tables); a vertical bar where absent, and text with commas and no bar is refused',
      ),
    label_names: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe(
        'What whole numbers in the field of labels stand for, from 0: labels between commas, or a file of labels; as the data says it where absent',
      ),
    mixing_temperature: share.default(1).describe('Exponent on file sizes: 1 as they are, 0 all alike'),
    model: modelSchema,
    loss: lossSchema,
    labels: labelsSchema,
    optimizer: optimizerSchema,
    schedule: z
      .strictObject({
        type: z.enum(['linear', 'cosine', 'constant']).default('linear').describe('Learning rate after the warm-up'),
        warmup_share: share.default(0.1).describe('Share of all steps in which the rate rises to its full value'),
      })
      .prefault({}),
    device: z
      .enum(DEVICES)
      .default('auto')
      .describe('Where it is trained: auto takes a GPU if TensorFlow is installed and sees one, else the CPU'),
    dropout: z
      .number()
      .min(0)
      .max(0.9)
      // No default in the schema: settings without the field stay those that an older run is resumed with.
      .optional()
      .describe('Share of hidden states and attention probabilities that are zeroed at random in training; none where absent'),
    batch_size: count.default(32).describe('Examples in one pass'),
    accumulation: count.default(1).describe('Passes in one step'),
    max_pass_tokens: count
      .optional()
      .describe(
        'Most tokens, padding included, that the model reads at once: a larger batch goes through it in parts, whose gradients add up',
      ),
    epochs: z.number().positive().default(10).describe('Passes over the data; may be a fraction'),
    max_steps: count.optional().describe('Ends the run after so many steps, whatever the epochs'),
    max_text_tokens: count.default(256).describe('Text tokens kept of an example'),
    average_last: z
      .strictObject({
        snapshots: count.default(8).describe('How many snapshots the final weights are the mean of'),
        every: count.default(50).describe('Steps between two of them; the last one is the last step'),
      })
      .optional()
      .describe('Weight averaging over the last steps; off where absent'),
    start_share: share
      .default(0)
      .describe('Share of the start weights in the final weights, which keeps more of what they knew (WiSE-FT, Wortsman et al. 2022)'),
    average_with: z
      .array(z.string().min(1))
      .min(1)
      // No default in the schema: settings without the field stay those that an older run is resumed with.
      .optional()
      .describe(
        "Checkpoints of other runs from the same start: the final weights are the mean of theirs and this run's (model soup, Wortsman et al. 2022)",
      ),
    dev: z
      .strictObject({
        data: z
          .string()
          .min(1)
          .describe('Sets to evaluate on while training: a folder of them (`<set>/test.jsonl`, `labels.json`), or one file'),
        every: count.default(500).describe('Steps between evaluations'),
        limit: count.optional().describe('At most so many texts of each set'),
        metric: z
          .enum(['macro_f1', 'accuracy', 'loss'])
          // No default in the schema: settings without the field stay those that an older run is resumed with.
          .optional()
          .describe('Chooses the best checkpoint: macro_f1 (where absent) or accuracy of the top label, or the loss; a mean over the sets'),
        patience: count.optional().describe('Stops after so many evaluations without a better score'),
      })
      .optional()
      .describe('Evaluation while training; none where absent'),
    calibration: z
      .strictObject({
        data: z.string().min(1).describe('Folder of sets (`<set>/test.jsonl`, `labels.json`), a data set, or one file, not trained on'),
        limit: count.optional().describe('At most so many texts of each set'),
        share: share.default(1).describe('Share of the fit that these sets have; the rest is of training examples behind the last step'),
      })
      // No default in the schema: settings without the field stay those that an older run is resumed with.
      .optional()
      .describe('What the temperature and bias of --multi-label are fitted to; training examples behind the last step where absent'),
    save_every: count.default(250).describe('Steps between saved states, from which --resume goes on'),
    keep: count.default(2).describe('Saved states kept while the run goes on'),
    keep_states: z
      .boolean()
      .default(false)
      .describe('Whether a finished run keeps its states, with which --resume makes its end again with another calibration or mean'),
    dtype: z
      .enum(['F32', 'F16', 'I8'])
      .default('F32')
      .describe('How the final checkpoint stores its weights; I8: matrices in 8 bits with a scale a row, a quarter of the size'),
    seed: z.number().int().min(0).default(1).describe('Seed of all random choices: order, labels, fresh parameters'),
  })
  .superRefine((settings, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (!settings.encoder === !settings.checkpoint) issue(['encoder'], 'give either an encoder or a checkpoint to start from');
    if (settings.loss.teacher !== undefined && settings.loss.distill_weight === 0 && settings.labels.near_negatives === 0)
      issue(['loss', 'teacher'], 'has no effect without loss.distill_weight or labels.near_negatives');
    if (settings.labels.max < settings.labels.min) issue(['labels', 'max'], 'is less than labels.min');
    if (settings.labels.max < 2) issue(['labels', 'max'], 'an example needs at least 2 labels');
    if (settings.encoder && settings.model.cross_attention !== 'free' && settings.model.label_style !== 'marker')
      issue(['model', 'cross_attention'], `${settings.model.cross_attention} needs label_style: marker`);
    if (settings.encoder && settings.model.cross_attention === 'one-way' && settings.model.label_pooling === 'attention')
      issue(['model', 'label_pooling'], 'attention pooling has nothing to go by with one-way cross-attention: use mean or marker');
    if (settings.model.label_pooling === 'marker' && settings.model.label_style !== 'marker')
      issue(['model', 'label_pooling'], 'marker pooling needs label_style: marker');
  });

/** Settings of a training run, complete. */
export type TrainSettings = z.infer<typeof trainSettingsSchema>;
