/**
 * Writes a model directory (docs/training.md): Hugging Face's files, both ONNX graphs, and copyloop.json. It
 * comes into being whole: everything is written beside its place, opened and asked for the probes' scores in
 * both precisions, and renamed.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import { pathExists } from '../../core/path-exists.ts';
import { removePartialFolders, writeWholeFolder } from '../../core/whole-folder.ts';
import { copyTokenizer, type BaseModel } from '../base/index.ts';
import { openClassifier, scoreSingly } from './classifier.ts';
import {
  buildClassifierGraph,
  parseDistilBertConfig,
  readWeights,
  writeAtomically,
  writeWeights,
  type Weights,
} from '../models/index.ts';
import { encodeModel } from '../onnx/index.ts';
import type { Provenance } from '../provenance/index.ts';
import type { Recipe } from '../recipes.ts';
import {
  describeFiles,
  MANIFEST_FILE,
  ONNX_FILES,
  PRECISIONS,
  requireManifest,
  WEIGHTS_FILE,
  type Manifest,
  type Precision,
} from './manifest.ts';
import type { TextTokenizer } from '../text/index.ts';
import { quantizeGraph } from './quantize.ts';

/** Names of the labels in the order of the logits. */
export const LABELS = ['LOW_QUALITY', 'HIGH_QUALITY'] as const;

interface ModelToWrite {
  base: BaseModel;
  /** Every weight, already calibrated. */
  weights: Weights;
  recipe: Recipe;
  seed: number;
  provenance: Provenance;
  temperature: number;
  /** As validation decided, with the accuracies it decided by. */
  servePrecision: Precision;
  validationAccuracy: Readonly<Record<Precision, number>>;
  tokenizer: TextTokenizer;
  /** See `quantizeGraph`. */
  calibrationTexts: readonly string[];
  threads: number;
  signal?: AbortSignal;
}

/** Short and long, plain and foreign: what a probe must not depend on is the data a model was trained on. */
const PROBE_TEXTS = [
  'Premium Wireless Headphones Clear sound and forty hours of battery, light enough for a whole flight.',
  'bad',
  'Arrived broken, the strap tore on the second day and nobody answered my letters.',
  'Kaffeemühle für Zuhause – 100 % Edelstahl, sehr leise ☕',
];

/** @throws AppError `already-exists` when something lies at `directory` */
export async function writeModelDirectory(directory: string, model: ModelToWrite): Promise<void> {
  await refuseExisting(directory);
  await writeWholeFolder(
    directory,
    async (partial) => {
      await mkdir(path.join(partial, 'onnx'));
      const names = await writeModelFiles(partial, model);
      const scores = await scoreProbes(partial, model);
      const files = await describeFiles(partial, names);
      const manifest: Manifest = {
        format: 1,
        recipe: model.recipe,
        seed: model.seed,
        provenance: model.provenance,
        temperature: model.temperature,
        decisionThreshold: 0.5,
        maxLength: model.recipe.maxLength,
        servePrecision: model.servePrecision,
        validationAccuracy: model.validationAccuracy,
        probes: PROBE_TEXTS.map((text, index) => ({
          text,
          fp32: scores.fp32[index] ?? Number.NaN,
          int8: scores.int8[index] ?? Number.NaN,
        })),
        files,
      };
      await writeJson(path.join(partial, MANIFEST_FILE), manifest);
    },
    { signal: model.signal },
  );
}

/** Removes what writers of this directory left that were killed. */
export async function removePartials(directory: string): Promise<void> {
  const { dir, base } = path.parse(path.resolve(directory));
  await removePartialFolders(dir, { name: base });
}

/**
 * Also for those who are about to train: what takes long shall not find out at its end. @throws AppError
 * `already-exists`
 */
export async function refuseExisting(directory: string): Promise<void> {
  if (!(await pathExists(directory))) return;
  throw new AppError(
    'already-exists',
    `${directory} exists already: a model directory is never overwritten; name another`,
  );
}

/** Names of the files written, relative to the directory. */
async function writeModelFiles(directory: string, model: ModelToWrite): Promise<string[]> {
  const { base, weights, recipe, tokenizer, calibrationTexts, threads, signal } = model;
  const configJson = {
    ...base.configJson,
    // The base's, which id2label replaces; JSON leaves it out.
    num_labels: undefined,
    architectures: ['DistilBertForSequenceClassification'],
    model_type: 'distilbert',
    id2label: Object.fromEntries(LABELS.map((label, id) => [id, label])),
    label2id: Object.fromEntries(LABELS.map((label, id) => [label, id])),
    problem_type: 'single_label_classification',
    dtype: 'float32',
  };
  await writeJson(path.join(directory, 'config.json'), configJson);
  const tokenizerFiles = await copyTokenizer(base.directory, directory);
  await writeWeights(path.join(directory, WEIGHTS_FILE), weights);
  const graph = buildClassifierGraph(parseDistilBertConfig(configJson), weights);
  await writeAtomically(path.join(directory, ONNX_FILES.fp32), [encodeModel(graph)]);
  const quantized = await quantizeGraph(graph, {
    tokenizer,
    texts: calibrationTexts,
    maxLength: recipe.maxLength,
    threads,
    ...(signal === undefined ? {} : { signal }),
  });
  await writeAtomically(path.join(directory, ONNX_FILES.int8), [encodeModel(quantized)]);
  return ['config.json', ...tokenizerFiles, WEIGHTS_FILE, ONNX_FILES.fp32, ONNX_FILES.int8];
}

async function scoreProbes(
  directory: string,
  { recipe, threads }: ModelToWrite,
): Promise<Record<Precision, number[]>> {
  const score = async (precision: Precision): Promise<number[]> => {
    const classifier = await openClassifier(directory, { precision, threads, maxLength: recipe.maxLength });
    try {
      return await scoreSingly(classifier, PROBE_TEXTS);
    } finally {
      await classifier.close();
    }
  };
  const [fp32, int8] = PRECISIONS;
  return { fp32: await score(fp32), int8: await score(int8) };
}

/**
 * Rewrites `model.safetensors` as float16, for tools that read it, and says so in config.json and
 * copyloop.json: half the bytes, relative error of a weight at most 2^-11. The ONNX graphs, by which copyloop
 * scores, stay, and so does the self-test.
 *
 * @throws AppError `bad-model` when it is no model directory of copyloop
 */
export async function halveWeights(directory: string): Promise<void> {
  const manifest = await requireManifest(directory);
  const weightsFile = path.join(directory, WEIGHTS_FILE);
  await writeWeights(weightsFile, await readWeights(weightsFile), 'F16');
  const configFile = path.join(directory, 'config.json');
  const config = JSON.parse(await readFile(configFile, 'utf8')) as Record<string, unknown>;
  await writeJson(configFile, { ...config, dtype: 'float16' });
  const files = { ...manifest.files, ...(await describeFiles(directory, ['config.json', WEIGHTS_FILE])) };
  await writeJson(path.join(directory, MANIFEST_FILE), { ...manifest, files });
}

/** A file that people read as well: indented, with a line end. */
async function writeJson(file: string, value: unknown): Promise<void> {
  await writeAtomically(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
}
