/**
 * No field of a config.json that changes what a model computes may go unread: weights would run in another model than their own, and give
 * other numbers without a word. A family's factory reads the fields that it builds from (old and new names), and what transformers has
 * beside them is known here: harmless, or right only with the value that is built.
 */
import { UsageError } from '../../base/errors.ts';
import { isAbsent, type RawConfig, wordField, wrongField } from './config-fields.ts';

/** Words in a field's name that speak of computation; a field of such a name is refused unless it is read or known to be harmless. */
const COMPUTES =
  /(^|_)(rope|rotary|theta|alibi|attn|attention|heads?|norm|eps|epsilon|act|activation|window|sliding|scal(e|ing)|bias(ed)?|gated?|glu|ffn|mlp|moe|experts?|positions?|positional|relative|conv|layer_types|layers|blocks?|pruned|quantization|feed_forward_type|causal)(_|$)/;

/**
 * Names of that kind that change nothing in a forward pass of the encoder: dropout and start values, heads for other tasks, how attention is
 * run and what is put out.
 */
const HARMLESS =
  /drop|^init|^(classifier|pooler|summary|decoder|mlm|output)_|_no_repeat_|flash|implementation|sdpa|memory_efficient|gradient_checkpointing|chunk_size/;

/** The only value that is built, of fields that transformers writes for every model. */
const BUILT: readonly (readonly [string, string | boolean])[] = [
  ['is_decoder', false],
  ['position_embedding_type', 'absolute'],
];

/** A value by which a field is switched off, whatever it is. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Whether transformers would run code of the folder's own instead of its model of this family. */
function hasOwnCode({ auto_map: map }: RawConfig): boolean {
  return typeof map === 'object' && map !== null && 'AutoModel' in map;
}

/** Reads fields that configs of a family carry and transformers' model of it does not read. */
export function ignoreFields(config: RawConfig, ...fields: readonly string[]): void {
  for (const field of fields) void config[field];
}

/**
 * Builds something from a config, and sees to it that nothing in the config that changes the computation went unread.
 * @throws UsageError naming the field; whatever `build` throws
 */
export function builtFrom<Built>(config: RawConfig, build: (config: RawConfig) => Built): Built {
  const read = new Set<string | symbol>();
  const watched = new Proxy(config, {
    get(target, field) {
      read.add(field);
      return Reflect.get(target, field);
    },
  });
  const built = build(watched);
  if (hasOwnCode(config))
    throw new UsageError(
      `encoder config: "auto_map" names code of the model's own, which is not run; only models that transformers has itself are read`,
    );
  for (const [field, value] of BUILT) if (!read.has(field)) wordField(watched, field, [value], value);
  for (const field of Object.keys(config))
    if (!read.has(field) && !isAbsent(config, field) && !isOff(config[field]) && COMPUTES.test(field) && !HARMLESS.test(field))
      throw wrongField(config, field, 'no such field: it may change what the model computes, and is not supported');
  return built;
}
