/**
 * Every command with the line that says what it is for; its module is loaded only when the command is asked
 * for.
 */
import type { Command } from '../command.ts';

export interface CommandEntry {
  about: string;
  command: () => Promise<Command>;
}

/** `command-name` is what its module exports as `commandNameCommand`. */
const TABLE = {
  start: ['trains a first champion, then serves: everything in one command', () => import('./start.ts')],
  server: ['the HTTP server alone; run any number of them', () => import('./server.ts')],
  worker: ['works on the stages; run as many as you like', () => import('./worker.ts')],
  run: ['starts a pipeline run; --wait follows it', () => import('./run.ts')],
  runs: ['lists runs; shows, cancels or replays one', () => import('./runs.ts')],
  models: [
    'lists versions of the model with their accuracy, or shows how its champion changed',
    () => import('./models.ts'),
  ],
  export: ['copies a model version to a Hugging Face directory', () => import('./export.ts')],
  approve: ['promotes a version that waits for approval', () => import('./approve.ts')],
  reject: ['turns down a version that waits for approval', () => import('./approve.ts')],
  rollback: ['restores the previous champion', () => import('./rollback.ts')],
  verify: ['retrains a model version from its record and compares the weights', () => import('./verify.ts')],
  receipt: ['shows where a prediction or a model version came from', () => import('./receipt.ts')],
  inspect: ['shows what a file or an address holds and how it would be read', () => import('./inspect.ts')],
  datasets: [
    'lists dataset versions, shows their checks, compares two of them',
    () => import('./datasets.ts'),
  ],
  predict: ['writes copy for one product, or for a whole catalogue', () => import('./predict.ts')],
  feedback: ['imports a report of what became of texts', () => import('./feedback.ts')],
  'compare-writers': [
    'has several writers write for the same products, on one page, with limits for CI',
    () => import('./compare-writers.ts'),
  ],
  brands: ['lists, sets and exports the profiles of brands', () => import('./brands.ts')],
  learning: ['estimates what a version would have earned on what was served', () => import('./learning.ts')],
  keys: ['lists, creates, rotates and revokes API keys', () => import('./keys.ts')],
  audit: ['shows who did what to which object', () => import('./audit.ts')],
  webhooks: ['lists webhooks and what became of their deliveries', () => import('./webhooks.ts')],
  health: ['asks a running server or worker whether it is alive', () => import('./health.ts')],
  train: ['trains one model on a file, outside the pipeline', () => import('./train.ts')],
  sweep: ['starts a run over every combination of recipes, settings and seeds', () => import('./sweep.ts')],
  evaluate: ['measures a model directory on a file', () => import('./evaluate.ts')],
  migrate: ['brings the database schema up to date', () => import('./migrate.ts')],
  backup: [
    'copies database and artifacts of a running installation to a folder or bucket',
    () => import('./backup.ts'),
  ],
  'verify-backup': ['reads a whole backup and says whether it can be restored', () => import('./backup.ts')],
  restore: ['restores a backup into an empty installation', () => import('./backup.ts')],
  retention: ['deletes old tracking runs with their artifacts', () => import('./retention.ts')],
  config: ['prints every setting in force and where it came from', () => import('./config.ts')],
  doctor: ['says what this machine lacks, and what to do about it', () => import('./doctor.ts')],
} as const;

export const COMMANDS: Readonly<Record<string, CommandEntry>> = Object.fromEntries(
  Object.entries(TABLE).map(([name, [about, load]]) => {
    const exported = `${name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Command`;
    // Commands differ in their option types; the dispatcher parses by the specs, so it may forget them.
    const command = async () => ((await load()) as unknown as Record<string, Command>)[exported] as Command;
    return [name, { about, command }];
  }),
);
