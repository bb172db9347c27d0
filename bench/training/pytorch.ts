/** A PyTorch process that does one training step whenever it is asked. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/core/paths.ts';
import { writeWeights, type Weights } from '../../src/ml/models/index.ts';

export type TorchOptimizer = 'default' | 'fused';

export interface TorchProcess {
  readonly version: string;
  step(optimizer: TorchOptimizer): Promise<{ seconds: number; loss: number }>;
  close(): Promise<void>;
}

export async function openTorch(
  python: string,
  model: { configJson: Record<string, unknown>; weights: Weights },
  batch: { inputIds: number[][]; labels: number[] },
  threads: number,
): Promise<TorchProcess> {
  const parent = path.join(packageRoot, 'var', 'bench');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'train-'));
  const attention_mask = batch.inputIds.map((row) => row.map(() => 1));
  const json = { input_ids: batch.inputIds, attention_mask, labels: batch.labels };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(model.configJson));
  await writeFile(path.join(folder, 'batch.json'), JSON.stringify(json));
  await writeWeights(path.join(folder, 'model.safetensors'), model.weights);

  const script = path.join(packageRoot, 'bench', 'reference', 'train_pytorch.py');
  const child = spawn(python, [script, folder, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the PyTorch process ended; its own words stand above');
    return JSON.parse(value) as T;
  };
  const hello = await answer<{ torch: string }>();
  return {
    version: hello.torch,
    step: async (optimizer) => {
      child.stdin.write(`${optimizer}\n`);
      return answer();
    },
    close: async () => {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
