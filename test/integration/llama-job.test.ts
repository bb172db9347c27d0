/**
 * A catalogue written by a real small model, in a job whose worker is killed. LLAMA_TEST_FOLDER names the
 * folder that test/clients/fetch-small-model.sh fills; without it nothing is tested here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { drawRecord } from '../../fixtures/product-records.ts';
import { heard, kill, openJobsHarness } from './jobs-harness.ts';
import { copyTinyModels } from './shared-models.ts';

const PRODUCTS = 20;
const { LLAMA_TEST_FOLDER: models } = process.env;

let folder = '';
let champion = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-llama-job-'));
  [champion = ''] = await copyTinyModels(folder, ['model']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function drawCatalogue(): string {
  const random = createRandom(22);
  const rows = Array.from({ length: PRODUCTS }, () => drawRecord(random)).map(({ title, description }, row) =>
    [`p${row}`, title, description].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','),
  );
  return ['id,title,description', ...rows, ''].join('\n');
}

it.skipIf(models === undefined)(
  'a killed worker changes no byte of what the llama writer writes for the same seed',
  async () => {
    const harness = await openJobsHarness('postgres', champion, { shardRows: 5, shardsInFlight: 1 });
    try {
      const { copy } = harness.config;
      const llama = {
        ...copy.llama,
        model: path.join(models ?? '', 'model.gguf'),
        package: path.join(models ?? '', 'node_modules/node-llama-cpp/dist/index.js'),
        timeoutMs: 600_000,
      };
      Object.assign(harness.config, { copy: { ...copy, writers: ['llama', 'templates'], llama } });
      const catalogue = drawCatalogue();
      const request = { count: 1, seed: 5, format: 'jsonl' } as const;
      const undisturbed = await harness.start(catalogue, request);
      const first = harness.forkWorker();
      const untilEnded = async (jobId: string) => {
        await expect
          .poll(async () => (await harness.getJob(jobId)).status, { timeout: 560_000, interval: 500 })
          .not.toBe('active');
        return await harness.getJob(jobId);
      };
      const expected = await harness.readOutput(await untilEnded(undisturbed));
      await kill(first);

      const disturbed = await harness.start(catalogue, request);
      const doomed = harness.forkWorker(1);
      await heard(doomed, 'reached');
      await kill(doomed);
      harness.forkWorker();
      const job = await untilEnded(disturbed);
      expect(job.error).toBeNull();
      expect(await harness.readOutput(job)).toBe(expected);
      const byLlama = expected.split('\n').filter((line) => line.includes('"writer":"llama"'));
      expect(byLlama.length).toBeGreaterThan(PRODUCTS / 2);
    } finally {
      await harness.close();
    }
  },
  1_200_000,
);
