import { systemClock } from '../../core/clock.ts';
import { AppError, toError } from '../../core/errors.ts';
import { VERIFIED_TAG } from '../../tracking/index.ts';
import { SCORE_TOLERANCE, verifyVersion, type Verification } from '../../workers/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderDuration, renderJson } from '../render.ts';
import { readConfig, withServices } from '../services.ts';
import { createTrainView } from '../train-progress.ts';

export const verifyCommand = defineCommand({
  name: 'verify',
  more: 'From its recorded dataset, recipe, seed, base encoder and code; it takes as long as the training did. Exit code 0: reproduced; 11: not.',
  usage: '<version> [--model NAME] [--base DIR] [--threads N] [--json]',
  positionals: [{ name: 'version', required: true, about: 'number of the model version' }],
  options: {
    ...COMMON_OPTIONS,
    model: { type: 'string', value: 'NAME', about: 'registered model (default: model.name)' },
    base: { type: 'string', value: 'DIR', about: 'where the base encoder lies, when it is not where it was' },
    threads: {
      type: 'string',
      value: 'N',
      about: 'other than recorded: the scores are compared, not the bits',
    },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop verify 3'],
  run: async ({ options, positionals, terminal, signal }) => {
    const version = parseWhole('version', positionals[0], { min: 1, max: 2 ** 31 - 1 }) ?? 1;
    const threads = parseWhole('threads', options.threads, { min: 1, max: 256 });
    const { config } = readConfig(options);
    const startedMs = systemClock.nowMs();
    await withServices(config, { role: 'verify' }, async ({ database, artifacts, tracking, log }) => {
      const found = await verifyVersion(
        { name: options.model ?? config.model.name, version, base: options.base, threads },
        {
          services: { database, artifacts, config },
          tracking,
          signal,
          onPhase: (phase) => terminal.note(phase),
          training: { ...createTrainView(terminal), log },
        },
      );
      const told = `${found.verdict} ${systemClock.now().toISOString()}`;
      await tracking.registry
        .setVersionTag(found.name, version, VERIFIED_TAG, told)
        // Whoever may only read verifies all the same.
        .catch((thrown: unknown) => terminal.note(`not noted at the version: ${toError(thrown).message}`));
      terminal.note(`done in ${renderDuration(systemClock.nowMs() - startedMs)}`);
      terminal.print(options.json === true ? renderJson(found) : renderVerification(found));
      if (found.verdict === 'different') throw notReproduced(found);
    });
  },
});

function renderVerification(found: Verification): string {
  const { name, version, record, dataset, weights, changedConditions: changed, applied } = found;
  const lines = [
    `${name} version ${version}: ${describeReproducibility(found)}`,
    `  dataset   version ${dataset.version}, digest ${dataset.digest}`,
    `  recipe    ${found.recipe}, seed ${found.seed}, ${record.threads} threads, ${record.runtime.backend}`,
    `  base      ${record.base.name}, hash ${record.base.sha256}`,
    `  code      ${record.code.version}${record.code.commit === null ? '' : `, commit ${record.code.commit}${record.code.isChanged ? ' with changes' : ''}`}`,
    `  weights   recorded ${weights.recorded}`,
    `            rebuilt  ${weights.rebuilt}`,
    `  applied   ${applied === 'weights' ? 'the same bits' : `scores within ${SCORE_TOLERANCE}`}${
      found.largestScoreDifference === null
        ? ''
        : `; largest difference ${found.largestScoreDifference.toExponential(2)}`
    }`,
  ];
  if (changed.length === 0) lines.push('  recorded conditions: all as they were');
  for (const { condition, recorded, here } of changed)
    lines.push(`  ${condition} differs: recorded ${recorded}, here ${here}`);
  return lines.join('\n');
}

function describeReproducibility({ verdict }: Verification): string {
  switch (verdict) {
    case 'equal':
      return 'reproduced, equal to the last bit';
    case 'within-tolerance':
      return 'reproduced within the tolerance, under other conditions than recorded';
    case 'different':
      return 'NOT reproduced';
    default:
      return verdict satisfies never;
  }
}

function notReproduced({
  name,
  version,
  weights,
  changedConditions,
  largestScoreDifference,
}: Verification): AppError {
  const where =
    changedConditions.length === 0
      ? 'under the recorded conditions'
      : `with another ${changedConditions.map(({ condition }) => condition).join(', ')}`;
  return new AppError(
    'not-reproduced',
    `version ${version} of ${name} was not reproduced ${where}: the rebuilt weights have the hash ${weights.rebuilt}, recorded is ${weights.recorded}, and scores differ by up to ${String(largestScoreDifference)}`,
  );
}
