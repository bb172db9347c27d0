/** The recipe `reference` by ourselves, in a process of its own; the model directory is kept. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';
import {
  openTokenizer,
  readBaseModel,
  readManifest,
  readRecipe,
  trainCandidate,
} from '../../src/ml/index.ts';
import { writeModelDirectory } from '../../src/ml/model-directory/index.ts';
import { trainOrReuse, type KeptResult } from './kept-results.ts';
import type { Sst2 } from './sentences.ts';

const resultSchema = z.object({
  /** On the dev set, after each epoch. */
  accuracies: z.array(z.number()).min(1),
  exportedEpoch: z.int(),
  peakRssBytes: z.number(),
});

export interface OurTraining {
  readonly data: Sst2;
  readonly epochs: number;
  readonly threads: number;
  readonly seed: number;
  readonly fresh: boolean;
}

export type OurResult = KeptResult<z.infer<typeof resultSchema>>;

export async function trainOurs({ data, epochs, threads, seed, fresh }: OurTraining): Promise<OurResult> {
  const recipe = await readRecipe(path.join(packageRoot, 'config', 'recipes'), 'reference', { epochs });
  return trainOrReuse(
    {
      name: `ours-seed-${seed}`,
      determinedBy: { seed, threads, recipe, ...data.hashes },
      schema: resultSchema,
      train: async (folder) => {
        const outputDirectory = modelDirectoryOf(folder);
        await rm(outputDirectory, { recursive: true, force: true });
        const {
          epochs: reports,
          bestEpoch,
          peakRssBytes,
        } = await trainCandidate({
          recipe,
          seed,
          trainFile: path.join(data.folder, 'train.csv'),
          validationFile: path.join(data.folder, 'dev.csv'),
          base: data.folder,
          cacheDirectory: path.join(packageRoot, 'var', 'hub'),
          outputDirectory,
          workDirectory: path.join(folder, 'work'),
          threads,
        });
        const accuracies = reports.map(({ validation }) => validation.accuracy);
        return { accuracies, exportedEpoch: bestEpoch, peakRssBytes };
      },
    },
    fresh,
  );
}

/**
 * The kept model's weights as they are exported today, into a model directory that goes with `data.folder`:
 * what int8 loses follows from the exporter as well, and that may be newer than the training.
 */
export async function exportAgain(kept: string, { folder, train }: Sst2): Promise<string> {
  const directory = modelDirectoryOf(kept);
  const base = await readBaseModel(directory);
  const manifest = await readManifest(directory);
  if (manifest?.provenance === undefined)
    throw new Error(`${directory} was not made by copyloop: use --fresh`);
  const exported = path.join(folder, path.basename(kept));
  await writeModelDirectory(exported, {
    ...manifest,
    provenance: manifest.provenance,
    base,
    weights: await base.readWeights(),
    tokenizer: await openTokenizer(directory),
    calibrationTexts: train.texts,
    threads: 1,
  });
  return exported;
}

function modelDirectoryOf(folder: string): string {
  return path.join(folder, 'model');
}
