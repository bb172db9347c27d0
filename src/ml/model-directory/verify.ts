/**
 * Whether a model directory may be served or registered: whole, unchanged, of our architecture, and scoring
 * as it did when made.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import { sha256File } from '../../core/ids.ts';
import { readConfigJson } from '../base/index.ts';
import { openClassifier } from './classifier.ts';
import { parseDistilBertConfig } from '../models/index.ts';
import {
  MANIFEST_FILE,
  ONNX_FILES,
  PRECISIONS,
  requireManifest,
  WEIGHTS_FILE,
  type Manifest,
} from './manifest.ts';

const REQUIRED_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  WEIGHTS_FILE,
  ...Object.values(ONNX_FILES),
];

/**
 * Reads every byte and runs the probes in both precisions (seconds for a model of 90 MB).
 *
 * @throws AppError `bad-model` naming the file or the probe; `unsupported` for another architecture
 */
export async function verifyModelDirectory(directory: string): Promise<Manifest> {
  const manifest = await verifyModelFiles(directory);
  for (const precision of PRECISIONS) {
    // Opening runs the probes.
    const classifier = await openClassifier(directory, { precision });
    await classifier.close();
  }
  return manifest;
}

/**
 * The part that leaves the calling thread free: every byte is read, nothing is run. For who opens the model
 * elsewhere, where its probes are run as well: a session computes on the thread that calls it.
 *
 * @throws as `verifyModelDirectory`, but for the probes
 */
export async function verifyModelFiles(directory: string): Promise<Manifest> {
  const manifest = await requireManifest(directory);
  for (const name of REQUIRED_FILES) {
    if (!(name in manifest.files))
      throw new AppError('bad-model', `${directory}/${MANIFEST_FILE} does not list ${name}`);
  }
  for (const [name, expected] of Object.entries(manifest.files)) {
    await verifyFile(path.join(directory, name), expected);
  }
  const configJson = await readConfigJson(directory);
  const { architectures } = configJson as { architectures?: unknown };
  if (!Array.isArray(architectures) || !architectures.includes('DistilBertForSequenceClassification')) {
    throw new AppError(
      'bad-model',
      `${directory}/config.json names the architectures ${JSON.stringify(architectures)}, not DistilBertForSequenceClassification`,
    );
  }
  parseDistilBertConfig(configJson);
  return manifest;
}

async function verifyFile(file: string, expected: { bytes: number; sha256: string }): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new AppError('bad-model', `${file} is missing`);
  if (found.size !== expected.bytes) {
    throw new AppError(
      'bad-model',
      `${file} has ${found.size} bytes instead of ${expected.bytes}: it was cut or replaced`,
    );
  }
  const hash = await sha256File(file);
  if (hash !== expected.sha256) {
    throw new AppError(
      'bad-model',
      `${file} has the sha256 ${hash} instead of ${expected.sha256}: it was changed`,
    );
  }
}
