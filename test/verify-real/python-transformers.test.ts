import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';
import { openClassifier, readRecipe, trainCandidate } from '../../src/ml/index.ts';
import { writeTinyRows } from '../../fixtures/tiny-base.ts';

const python = path.join(packageRoot, 'var/bench-venv/bin/python');
const isThere = existsSync(python);
if (!isThere) console.warn(`${python} is not there (a bench installs it): the test that needs it is skipped`);

const SCRIPT = `
import json, sys
from transformers import pipeline
score = pipeline('text-classification', model=sys.argv[1], top_k=None, device='cpu')
print(json.dumps(score(json.loads(sys.argv[2]))))
`;
const answers = z.array(z.array(z.object({ label: z.string(), score: z.number() })));

describe.skipIf(!isThere)('a model directory trained on the base encoder', () => {
  it('loads in Python transformers and scores the same to 1e-4', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-python-'));
    try {
      const { modelDirectory } = await trainCandidate({
        recipe: await readRecipe(path.join(packageRoot, 'config/recipes'), 'head', { epochs: 2 }),
        seed: 1,
        trainFile: await writeTinyRows(path.join(folder, 'train.csv'), 80, 1),
        validationFile: await writeTinyRows(path.join(folder, 'validation.csv'), 40, 2),
        base: path.join(packageRoot, 'assets/encoder'),
        cacheDirectory: path.join(folder, 'cache'),
        outputDirectory: path.join(folder, 'model'),
        workDirectory: path.join(folder, 'work'),
        threads: 2,
      });
      const texts = [
        'The lamp is superb and sturdy.',
        'Torn.',
        'A cheap shirt – very rough, and it smells ☹',
      ];
      const { stdout } = await promisify(execFile)(python, [
        '-c',
        SCRIPT,
        modelDirectory,
        JSON.stringify(texts),
      ]);
      const theirs = answers.parse(JSON.parse(stdout));
      const ours = await openClassifier(modelDirectory, { precision: 'fp32' });
      const scores = await ours.score(texts);
      await ours.close();
      expect(theirs).toHaveLength(texts.length);
      theirs.forEach((labels, row) => {
        const score = labels.find(({ label }) => label === 'HIGH_QUALITY')?.score ?? Number.NaN;
        expect(Math.abs(score - (scores[row] ?? 0))).toBeLessThan(1e-4);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
