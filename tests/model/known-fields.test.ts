/** Fields of config.json: what transformers 4 and 5 write is read alike; what changes the computation and is not read is refused. */
import '../eager-tfjs.ts';
import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../../src/base/errors.ts';
import { createClipImage, createClipText } from '../../src/eval/systems/models/clip.ts';
import { createSequenceClassifier } from '../../src/eval/systems/models/sequence-classifier.ts';
import { createEncoder } from '../../src/model/encoders/index.ts';
import {
  fixtureJson,
  goldenBatch,
  HIDDEN_TOLERANCE,
  inputsOf,
  largestDifference,
  loadFixture,
  tensorsOf,
} from './encoders/encoder-fixtures.ts';

type Config = Record<string, unknown>;
const FORMS = fixtureJson('configs.json') as Record<'4.57.6' | '5.23.0', Record<string, Config>>;

/** Whatever is made of a config. */
function make(config: Config): void {
  if (config.model_type === 'clip') {
    createClipText(config);
    createClipImage(config);
  } else if (config.model_type === 'bart') createSequenceClassifier(config);
  else createEncoder(config);
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(Object.keys(FORMS) as (keyof typeof FORMS)[])('configs with all their fields, of transformers %s', (version) => {
  it.each(Object.keys(FORMS[version]))('%s', (name) => expect(() => make(FORMS[version][name])).not.toThrow());
});

describe('configs of the hub', () => {
  const published: [string, Config][] = [
    // bert-base-multilingual-cased
    [
      'bert',
      {
        directionality: 'bidi',
        pooler_fc_size: 768,
        pooler_num_attention_heads: 12,
        pooler_num_fc_layers: 3,
        pooler_size_per_head: 128,
        pooler_type: 'first_token_transform',
        _attn_implementation_autoset: true,
        gradient_checkpointing: false,
        torch_dtype: 'float16',
      },
    ],
    ['distilbert', { tie_weights_: true, sinusoidal_pos_embds: true, output_past: true }],
    // albert-base-v2
    ['albert', { down_scale_factor: 1, gap_size: 0, net_structure_type: 0, num_memory_blocks: 0, layers_to_keep: [] }],
    // deberta-v2-xxlarge, deberta-v2-xlarge-mnli
    [
      'deberta-v2-conv',
      { attention_head_size: 8, new_pos_ids: false, relax_projection: 0, relative_attention: false, conv_kernel_size: 0 },
    ],
    // ModernBERT-base, mmBERT-base
    ['modernbert', { layer_norm_eps: 1e-5, position_embedding_type: 'absolute', reference_compile: true, repad_logits_with_grad: false }],
    ['modernbert', { layer_norm_eps: 1e-5, position_embedding_type: 'sans_pos', sparse_prediction: true, rope_scaling: null }],
    ['roberta', { output_past: true, adapters: { adapters: {} }, sentence_transformers: { version: '5.0.0' } }],
  ];
  it.each(published)('%s %#', (folder, fields) => {
    expect(() => make({ ...fixtureJson(`${folder}/config.json`), ...fields })).not.toThrow();
  });

  it('bart-large-mnli', () => {
    const old = {
      add_bias_logits: false,
      add_final_layer_norm: false,
      normalize_before: false,
      normalize_embedding: true,
      extra_pos_embeddings: 2,
    };
    expect(() => make({ ...FORMS['4.57.6']['nli-bart'], ...old, classif_dropout: 0.1, _num_labels: 3 })).not.toThrow();
  });
});

describe('ModernBERT', () => {
  const four = FORMS['4.57.6'].modernbert;
  const five = FORMS['5.23.0'].modernbert;
  const { values } = loadFixture('modernbert');
  // A text of 18 tokens: it leaves the local window of 4 on each side.
  const batch = goldenBatch('modernbert', 'single');
  const hidden = (config: Config): Float32Array =>
    tf.tidy(() => {
      const encoder = createEncoder(config);
      return encoder.forward(tensorsOf(encoder, values), inputsOf(batch), false).hidden.dataSync() as Float32Array;
    });
  const difference = (a: Config, b: Config) => largestDifference(hidden(a), hidden(b), batch.attention_mask, 1, 32);
  const rope = (full: number, sliding: number) => ({
    rope_parameters: {
      full_attention: { rope_theta: full, rope_type: 'default' },
      sliding_attention: { rope_theta: sliding, rope_type: 'default' },
    },
  });
  const without = (config: Config, ...fields: string[]): Config =>
    Object.fromEntries(Object.entries(config).filter(([field]) => !fields.includes(field)));

  it('gives the golden outputs in the form of transformers 5 as well', () => {
    expect(five).toMatchObject({ ...rope(160000, 10000), layer_types: expect.arrayContaining(['sliding_attention']) });
    expect(five).not.toHaveProperty('global_rope_theta');
    expect(largestDifference(hidden(five), batch.last_hidden_state, batch.attention_mask, 1, 32)).toBeLessThan(HIDDEN_TOLERANCE);
    expect(difference({ ...five, rope_parameters: undefined }, five)).toBe(0);
    expect(difference(without(four, 'global_rope_theta', 'local_rope_theta', 'global_attn_every_n_layers'), four)).toBe(0);
  });

  it('has the same rotary bases and layers by old and by new names', () => {
    const other = { ...four, global_rope_theta: 20000, local_rope_theta: 500 };
    expect(difference(other, four)).toBeGreaterThan(1e-3);
    expect(difference({ ...five, ...rope(20000, 500) }, other)).toBe(0);
    expect(difference({ ...four, local_rope_theta: null }, { ...five, ...rope(160000, 160000) })).toBe(0);
    const everyTwo = { ...four, global_attn_every_n_layers: 2 };
    const listed = ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'];
    expect(difference(everyTwo, four)).toBeGreaterThan(1e-3);
    expect(difference({ ...without(five, 'global_attn_every_n_layers'), layer_types: listed }, everyTwo)).toBe(0);
  });

  it.each([
    [
      { rope_parameters: { full_attention: { rope_type: 'yarn', rope_theta: 1, factor: 4 } } },
      /"rope_parameters" is .*; expected \{"full_attention"/,
    ],
    [{ rope_parameters: { full_attention: { rope_type: 'linear' } } }, /"rope_type" is "linear"; expected "default"/],
    [{ rope_parameters: { rope_type: 'default', rope_theta: 10000 } }, /"rope_parameters" is/],
    [{ rope_parameters: { sliding_attention: { rope_theta: 'x' } } }, /"rope_theta" is "x"/],
    [
      { rope_scaling: { type: 'linear', factor: 2 } },
      /modernbert encoder config: field "rope_scaling" is .*may change what the model computes/,
    ],
    [{ layer_types: ['full_attention'] }, /"layer_types" is .*; expected one kind for each of the 4 layers/],
    [{ layer_types: ['a', 'b', 'c', 'd'] }, /expected a list of full_attention, sliding_attention/],
    [{ global_attn_every_n_layers: 2 }, /"global_attn_every_n_layers" is 2; expected what "layer_types" say/],
    [{ global_rope_theta: 5 }, /"global_rope_theta" is 5; expected 160000, which "rope_parameters" say/],
    [{ local_rope_theta: 5 }, /"local_rope_theta" is 5; expected 10000/],
    [{ sliding_window: 9 }, /"sliding_window" is 9; expected 4, the only one supported/],
    [{ head_dim: 16 }, /"head_dim" is 16; expected 8/],
  ])('refuses %j', (fields, message) => {
    expect(() => createEncoder({ ...five, ...fields })).toThrow(UsageError);
    expect(() => createEncoder({ ...five, ...fields })).toThrow(message);
  });
});

describe('fields that change the computation and are not read', () => {
  it.each([
    ['bert', { is_decoder: true }, /bert encoder config: field "is_decoder" is true; expected false/],
    ['bert', { add_cross_attention: true }, /"add_cross_attention" is true; expected no such field/],
    ['bert', { pruned_heads: { 1: [0, 2] } }, /"pruned_heads"/],
    ['bert', { quantization_config: { quant_method: 'bitsandbytes' } }, /"quantization_config"/],
    ['bert', { rope_theta: 10000 }, /"rope_theta"/],
    ['bert', { feed_forward_type: 'geglu' }, /"feed_forward_type"/],
    ['bert', { layer_norm_type: 'rms_norm' }, /"layer_norm_type"/],
    ['bert', { attention_window: [64, 64] }, /"attention_window"/],
    ['bert', { auto_map: { AutoModel: 'modeling.Own' } }, /"auto_map" names code of the model's own/],
    ['mpnet', { position_embedding_type: 'relative_key' }, /"position_embedding_type" is "relative_key"; expected "absolute"/],
    ['distilbert', { num_attention_heads: 8 }, /"num_attention_heads" is 8; expected 4/],
    ['deberta-v3', { attention_head_size: 16 }, /"attention_head_size" is 16; expected 8/],
    ['albert', { embedding_activation: 'relu' }, /"embedding_activation"/],
  ])('%s with %j is refused', (folder, fields, message) => {
    const config = { ...fixtureJson(`${folder}/config.json`), ...fields };
    expect(() => createEncoder(config)).toThrow(UsageError);
    expect(() => createEncoder(config)).toThrow(message);
  });

  it('are refused in BART and CLIP too', () => {
    const { 'nli-bart': bart, clip } = FORMS['5.23.0'];
    expect(() => make({ ...bart, normalize_before: true })).toThrow(
      /bart encoder config: field "normalize_before" is true; expected false/,
    );
    expect(() => make({ ...bart, sliding_window: 4 })).toThrow(/"sliding_window"/);
    expect(() => make({ ...clip, text_config: { ...(clip.text_config as Config), rope_theta: 1 } })).toThrow(/"rope_theta"/);
    expect(() => make({ ...clip, text_config_dict: { hidden_act: 'gelu' } })).toThrow(/"hidden_act" of "text_config_dict" is not that of/);
    expect(() => make({ ...clip, text_config_dict: { hidden_act: 'quick_gelu', max_length: 3 } })).not.toThrow();
  });
});
