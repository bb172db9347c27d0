/** Which layer a parameter belongs to, and so whether and how fast it learns. */
import { layerName, type DistilBertConfig } from '../models/index.ts';
import type { TrainingSettings } from './settings.ts';

/** 0 for the embeddings, 1 to n for the layers, n + 1 for the head. */
function depthOf(name: string, { layers }: DistilBertConfig): number {
  if (name.includes('.embeddings.')) return 0;
  for (let layer = 0; layer < layers; layer += 1) {
    if (name.startsWith(`${layerName(layer)}.`)) return layer + 1;
  }
  return layers + 1;
}

/** `frozenLayers` counts layers from below; freezing any freezes the embeddings too. The head always learns. */
export function isTrained(
  name: string,
  config: DistilBertConfig,
  { frozenLayers }: Pick<TrainingSettings, 'frozenLayers'>,
): boolean {
  const depth = depthOf(name, config);
  return frozenLayers === 0 || depth > Math.min(frozenLayers, config.layers);
}

/** Factor of the learning rate: 1 for the head, `layerDecay` for each step down from it. */
export function rateFactor(
  name: string,
  config: DistilBertConfig,
  { layerDecay }: Pick<TrainingSettings, 'layerDecay'>,
): number {
  return layerDecay ** (config.layers + 1 - depthOf(name, config));
}
