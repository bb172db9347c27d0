/** Half-precision weights for tools that read safetensors: half the bytes, relative error of a weight at most 2^-11. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readWeights, writeWeights } from '../models/index.ts';
import { describeFiles, MANIFEST_FILE, requireManifest, WEIGHTS_FILE } from './manifest.ts';
import { writeJson } from './write-json.ts';

/**
 * Rewrites `model.safetensors` as float16 and says so in config.json and copyloop.json. The ONNX graphs, by which copyloop scores,
 * stay as they are, and so does the self-test.
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
