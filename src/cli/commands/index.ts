/**
 * Every command with the line that says what it is for; its module is loaded only when the command is asked
 * for.
 */
import type { Command } from '../command.ts';

export interface CommandEntry {
  about: string;
  command: () => Promise<Command>;
}

/** Commands differ in their option types; the dispatcher parses by the specs, so it may forget them. */
const entry = (about: string, load: () => Promise<unknown>): CommandEntry => ({
  about,
  command: async () => (await load()) as Command,
});

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  start: entry(
    'everything in one command, serving in the end',
    async () => (await import('./start.ts')).startCommand,
  ),
  server: entry(
    'the HTTP server alone; any number of them follow the same champion',
    async () => (await import('./server.ts')).serverCommand,
  ),
  worker: entry(
    'works on the stages; start as many as you like',
    async () => (await import('./worker.ts')).workerCommand,
  ),
  run: entry(
    'starts a pipeline run, and follows it with --wait',
    async () => (await import('./run.ts')).runCommand,
  ),
  runs: entry(
    'lists runs, shows one, cancels or replays it',
    async () => (await import('./runs.ts')).runsCommand,
  ),
  models: entry(
    'versions of the registered model and their accuracy, or how its champion changed',
    async () => (await import('./models.ts')).modelsCommand,
  ),
  export: entry(
    'copies a model version out as a Hugging Face directory',
    async () => (await import('./export.ts')).exportCommand,
  ),
  approve: entry(
    'makes a version that waits for approval the champion',
    async () => (await import('./approve.ts')).approveCommand,
  ),
  reject: entry('turns such a version down', async () => (await import('./approve.ts')).rejectCommand),
  rollback: entry(
    'makes the previous champion the champion again',
    async () => (await import('./rollback.ts')).rollbackCommand,
  ),
  verify: entry(
    'trains a model version again from its record and compares the weights',
    async () => (await import('./verify.ts')).verifyCommand,
  ),
  receipt: entry(
    'where a prediction or a model version came from',
    async () => (await import('./receipt.ts')).receiptCommand,
  ),
  inspect: entry(
    'what a file or an address holds and how it would be read',
    async () => (await import('./inspect.ts')).inspectCommand,
  ),
  datasets: entry(
    'dataset versions, their checks, and how two of them differ',
    async () => (await import('./datasets.ts')).datasetsCommand,
  ),
  predict: entry(
    'the creative of one product, or of a whole catalogue',
    async () => (await import('./predict.ts')).predictCommand,
  ),
  feedback: entry(
    'takes in a report of what became of texts',
    async () => (await import('./feedback.ts')).feedbackCommand,
  ),
  'compare-writers': entry(
    'what several writers make of the same products, on one page, with limits for CI',
    async () => (await import('./compare-writers.ts')).compareWritersCommand,
  ),
  brands: entry(
    'how brands speak: lists, sets and exports their profiles',
    async () => (await import('./brands.ts')).brandsCommand,
  ),
  learning: entry(
    'what a version would have earned on what was served',
    async () => (await import('./learning.ts')).learningCommand,
  ),
  keys: entry('API keys: list, create, rotate, revoke', async () => (await import('./keys.ts')).keysCommand),
  audit: entry('who did what to which object', async () => (await import('./audit.ts')).auditCommand),
  webhooks: entry(
    'webhooks and what became of their deliveries',
    async () => (await import('./webhooks.ts')).webhooksCommand,
  ),
  health: entry(
    'asks a running server or worker whether it is alive',
    async () => (await import('./health.ts')).healthCommand,
  ),
  train: entry(
    'trains one model on a file, outside the pipeline',
    async () => (await import('./train.ts')).trainCommand,
  ),
  sweep: entry(
    'a run over every combination of recipes, settings and seeds',
    async () => (await import('./sweep.ts')).sweepCommand,
  ),
  evaluate: entry(
    'measures a model directory on a file',
    async () => (await import('./evaluate.ts')).evaluateCommand,
  ),
  migrate: entry(
    'brings the schema of the database up to date',
    async () => (await import('./migrate.ts')).migrateCommand,
  ),
  backup: entry(
    'copies database and artifacts of a running installation to a folder or bucket',
    async () => (await import('./backup.ts')).backupCommand,
  ),
  'verify-backup': entry(
    'reads a backup whole and says whether it can be restored',
    async () => (await import('./backup.ts')).verifyBackupCommand,
  ),
  restore: entry(
    'brings a backup into an installation that is empty',
    async () => (await import('./backup.ts')).restoreCommand,
  ),
  retention: entry(
    'deletes old tracking runs with their artifacts',
    async () => (await import('./retention.ts')).retentionCommand,
  ),
  config: entry(
    'every setting in force and where it came from',
    async () => (await import('./config.ts')).configCommand,
  ),
  doctor: entry(
    'what this machine lacks, and what to do about it',
    async () => (await import('./doctor.ts')).doctorCommand,
  ),
};
