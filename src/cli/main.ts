#!/usr/bin/env node
/** The command line: the only place that touches argv, standard output and the exit code. */
import { AppError, toAppError } from '../core/errors.ts';
import { readPackageVersion } from '../core/paths.ts';
import { parseArguments, renderHelp, renderRows, type Terminal } from './command.ts';
import { COMMANDS } from './commands/index.ts';

const terminal: Terminal = {
  print: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  isInteractive: process.stderr.isTTY,
  columns: process.stderr.columns ?? 100,
};

/** After a signal and an orderly end, connections that nobody could close keep the process for so long. */
const LEFT_BEHIND_MS = 1000;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Who was reading has seen enough, as in `copyloop audit export | head`: that is no fault of the command.
    if (error.code !== 'EPIPE') throw error;
  });
}

const stopping = abortOnSignal();
process.exitCode = await main(process.argv.slice(2));
if (stopping.signal.aborted) setTimeout(() => process.exit(), LEFT_BEHIND_MS).unref();

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.print(renderOverview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    terminal.print(readPackageVersion());
    return 0;
  }
  try {
    const load = COMMANDS[name];
    if (load === undefined) {
      throw new AppError(
        'invalid-input',
        `there is no command "${name}"; the commands are ${Object.keys(COMMANDS).join(', ')}`,
      );
    }
    const command = await load.command();
    const { options, positionals, help } = parseArguments(command, rest);
    if (help) terminal.print(renderHelp(command, load.about));
    else await command.run({ options, positionals, terminal, signal: stopping.signal });
    return 0;
  } catch (thrown) {
    const error = toAppError(thrown);
    terminal.note(`copyloop: ${error.message}`);
    if (error.code === 'internal')
      terminal.note((error.cause instanceof Error ? error.cause : error).stack ?? '');
    return error.traits.exitCode;
  }
}

/** The first signal asks for a drain; the second ends the process at once, as an impatient user expects. */
function abortOnSignal(): AbortController {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new AppError('cancelled', `stopped by ${name}`));
    });
  }
  return stopping;
}

function renderOverview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { about }]): [string, string] => [name, about]);
  return [
    'copyloop <command> [options]     the closed loop for marketing copy',
    '',
    ...renderRows(rows),
    '',
    '"copyloop <command> --help" tells its options. Exit codes: docs/cli.md.',
  ].join('\n');
}
