/**
 * What the recipes are worth, on rows that none of them saw: beside the majority class, TF-IDF with logistic
 * regression (scikit-learn) and, on synthetic data, the exact Bayes limit.
 *
 *   npm run bench:quality      (2,000 synthetic records, recipe head, seeds 1 to 3)
 *   npm run bench:quality -- --recipe head,full --file clothing-reviews.csv \
 *     --map title=Title --map description="Review Text" --map rating=Rating --split sha256
 *
 * Exits non-zero when `head` covers less than half of the way from majority to Bayes on synthetic data, or
 * TF-IDF reaches Bayes.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AppError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';
import { evaluateModel, readRecipe, trainCandidate, type ClassificationMetrics } from '../src/ml/index.ts';
import { readOptions } from './read-options.ts';
import { drawSynthetic, readSource, SPLIT_RULES, type BenchDataset } from './quality/dataset.ts';
import { openReferencePython } from './python.ts';

interface Line {
  name: string;
  accuracy: number;
  f1: number | null;
  rocAuc: number | null;
  note: string;
}

const baselineSchema = z.object({
  accuracy: z.number(),
  f1: z.number(),
  rocAuc: z.number(),
  strength: z.number(),
});

const options = parseOptions();
const folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-quality-'));
try {
  const dataset =
    options.file === undefined
      ? await drawSynthetic(options, folder)
      : await readSource(options.file, options, folder);
  const lines = [
    majorityLine(dataset),
    await baselineLine(dataset),
    ...(await recipeLines(dataset)),
    ...bayesLines(dataset),
  ];
  printTable(dataset, lines);
  process.exitCode = dataset.bayes === null ? 0 : judge(dataset.bayes.exact, lines);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function parseOptions() {
  const values = readOptions(import.meta.url, {
    file: { type: 'string' },
    map: { type: 'string', multiple: true, default: [] },
    'label-threshold': { type: 'string', default: '3.5' },
    split: { type: 'string', default: 'pipeline' },
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '42' },
    recipe: { type: 'string', default: 'head' },
    seeds: { type: 'string', default: '1,2,3' },
    base: { type: 'string', default: 'assets/encoder' },
  });
  const split = SPLIT_RULES.find((rule) => rule === values.split);
  if (split === undefined)
    throw new AppError('invalid-input', `--split must be one of ${SPLIT_RULES.join(', ')}`);
  return {
    file: values.file,
    map: Object.fromEntries(values.map.map((entry) => entry.split(/=(.*)/s, 2) as [string, string])),
    threshold: Number(values['label-threshold']),
    split,
    count: Number(values.count),
    seed: Number(values.seed),
    recipes: values.recipe.split(','),
    seeds: values.seeds.split(',').map(Number),
    base: values.base,
  };
}

function majorityLine({ rows }: BenchDataset): Line {
  const positives = [...rows.train, ...rows.validation].filter((row) => row.label === 1).length;
  const majority = 2 * positives >= rows.train.length + rows.validation.length ? 1 : 0;
  const correct = rows.holdout.filter((row) => row.label === majority).length;
  return {
    name: 'majority class',
    accuracy: correct / rows.holdout.length,
    f1: null,
    rocAuc: null,
    note: '',
  };
}

async function baselineLine({ files }: BenchDataset): Promise<Line> {
  const python = await openReferencePython();
  const script = path.join(packageRoot, 'bench', 'reference', 'baseline_sklearn.py');
  const { stdout } = await promisify(execFile)(python, [
    script,
    files.train,
    files.validation,
    files.holdout,
  ]);
  const { strength, ...scores } = baselineSchema.parse(JSON.parse(stdout));
  return { name: 'TF-IDF + logistic regression', ...scores, note: `C = ${strength}` };
}

async function recipeLines(dataset: BenchDataset): Promise<Line[]> {
  const lines: Line[] = [];
  for (const name of options.recipes) {
    const results: { metrics: ClassificationMetrics; durationMs: number }[] = [];
    for (const seed of options.seeds) {
      const result = await trainCandidate({
        recipe: await readRecipe(path.join(packageRoot, 'config', 'recipes'), name),
        seed,
        trainFile: dataset.files.train,
        validationFile: dataset.files.validation,
        base: options.base,
        cacheDirectory: path.join(packageRoot, 'var', 'hub'),
        outputDirectory: path.join(folder, `${name}-${seed}`),
        workDirectory: path.join(folder, `${name}-${seed}-work`),
        threads: 0,
      });
      const { metrics } = await evaluateModel(result.modelDirectory, dataset.rows.holdout, { threads: 2 });
      console.info(
        `${name}, seed ${seed}: accuracy ${percent(metrics.accuracy)}, ROC AUC ${metrics.rocAuc.toFixed(3)}, log loss ${metrics.logLoss.toFixed(3)}, ` +
          `calibration error ${metrics.expectedCalibrationError.toFixed(3)}, best epoch ${result.bestEpoch} of ${result.epochs.length}, ` +
          `${result.servePrecision}, ${(result.durationMs / 1000).toFixed(0)} s, ${(result.peakRssBytes / 2 ** 20).toFixed(0)} MB`,
      );
      results.push({ metrics, durationMs: result.durationMs });
      await rm(result.modelDirectory, { recursive: true });
    }
    const mean = (value: (metrics: ClassificationMetrics) => number): number =>
      results.reduce((sum, { metrics }) => sum + value(metrics), 0) / results.length;
    const seconds = results.reduce((sum, { durationMs }) => sum + durationMs / 1000, 0) / results.length;
    lines.push({
      name,
      accuracy: mean((metrics) => metrics.accuracy),
      f1: mean((metrics) => metrics.f1),
      rocAuc: mean((metrics) => metrics.rocAuc),
      note: `mean of ${results.length} seeds, ${seconds.toFixed(0)} s each`,
    });
  }
  return lines;
}

function bayesLines({ bayes }: BenchDataset): Line[] {
  if (bayes === null) return [];
  return [
    accuracyLine('Bayes rule, these rows', bayes.onHoldout),
    accuracyLine('Bayes limit, exact', bayes.exact),
  ];
}

function printTable({ name, rows }: BenchDataset, lines: readonly Line[]): void {
  console.info(
    `\n${name}: ${rows.train.length} training, ${rows.validation.length} validation, ${rows.holdout.length} held-out rows`,
  );
  console.info(`${''.padEnd(30)}${'accuracy'.padStart(9)}${'F1'.padStart(8)}${'ROC AUC'.padStart(8)}`);
  for (const line of lines) {
    console.info(
      `${line.name.padEnd(30)}${percent(line.accuracy).padStart(9)}${renderScore(line.f1)}${renderScore(line.rocAuc)}  ${line.note}`,
    );
  }
}

/** 1 when a claim about the synthetic data fails. */
function judge(bayes: number, lines: readonly Line[]): number {
  const accuracyOf = (name: string): number =>
    lines.find((line) => line.name === name)?.accuracy ?? Number.NaN;
  const majority = accuracyOf('majority class');
  const tfidf = accuracyOf('TF-IDF + logistic regression');
  const covered = (accuracyOf('head') - majority) / (bayes - majority);
  console.info(`head covers ${percent(covered)} of the way from majority to Bayes (at least 50 % wanted)`);
  console.info(`TF-IDF covers ${percent((tfidf - majority) / (bayes - majority))} (under 100 % wanted)`);
  const isMissed = (options.recipes.includes('head') && !(covered >= 0.5)) || !(tfidf < bayes);
  return isMissed ? 1 : 0;
}

function accuracyLine(name: string, accuracy: number): Line {
  return { name, accuracy, f1: null, rocAuc: null, note: '' };
}

function renderScore(score: number | null): string {
  return (score === null ? '' : score.toFixed(3)).padStart(8);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
