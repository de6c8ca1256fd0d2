/** Learning rates: by step (warm-up, then decay) and by parameter (layers, head, frozen parts). */

import { ENCODER_PREFIX } from '../model/gliznet.ts';
import type { ParameterGroup } from './engine/training-session.ts';
import { decaysByDefault } from './engine/training-session.ts';
import type { TrainSettings } from './settings-schema.ts';

/** Factor on the learning rate of step `step` (from 1) of `steps`. */
export function rateFactor(step: number, steps: number, { type, warmup_share: warmupShare }: TrainSettings['schedule']): number {
  const warmup = Math.round(warmupShare * steps);
  if (step <= warmup) return step / warmup;
  // The last step still moves: decay ends one step after it.
  const done = (step - warmup - 1) / Math.max(1, steps - warmup);
  if (type === 'constant') return 1;
  return type === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
}

/** The encoder layer of a parameter, from 0; -1 for embeddings; undefined for what is behind the encoder. */
function layerOf(name: string): number | undefined {
  if (!name.startsWith(ENCODER_PREFIX)) return undefined;
  const layer = /\blayers?\.(\d+)\./.exec(name);
  return layer ? Number(layer[1]) : -1;
}

/** How each parameter is trained. */
export function parameterGroups(
  names: Iterable<string>,
  layers: number,
  { layer_decay: decay, head_rate_factor: head, freeze_embeddings: noEmbeddings, freeze_layers: frozenLayers }: TrainSettings['optimizer'],
): Map<string, ParameterGroup> {
  const groups = new Map<string, ParameterGroup>();
  for (const name of names) {
    const layer = layerOf(name);
    groups.set(name, {
      rateFactor: layer === undefined ? head : decay ** (layers - 1 - layer),
      decay: decaysByDefault(name),
      frozen: layer !== undefined && (layer === -1 ? noEmbeddings || frozenLayers > 0 : layer < frozenLayers),
    });
  }
  return groups;
}
