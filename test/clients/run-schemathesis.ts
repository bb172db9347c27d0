/**
 * Asks a fresh copyloop with a champion what /openapi.json lets one ask, and more, with schemathesis: no 5xx,
 * no undocumented status or type, no answer of another shape. Python: CLIENTS_PYTHON or var/clients-venv,
 * with what requirements.txt beside this file names. Exit code 3 where there is none. Takes about a minute.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { openServedCopyloop } from './open-served-copyloop.ts';

const python =
  process.env['CLIENTS_PYTHON'] ?? path.join(packageRoot, 'var', 'clients-venv', 'bin', 'python');
const program = path.join(path.dirname(python), 'st');
if (spawnSync(program, ['--version']).status !== 0) {
  console.error(`SKIPPED: ${python} has no schemathesis; see test/clients/run-schemathesis.ts`);
  process.exit(3);
}

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];

const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-schemathesis-'));
const server = await openServedCopyloop();
try {
  const child = spawn(
    program,
    [
      'run',
      `${server.url}/openapi.json`,
      '--seed=1',
      '--max-examples=15',
      '--phases=examples,coverage,fuzzing',
      `--checks=${CHECKS.join(',')}`,
      '--no-shrink',
      '--continue-on-failure',
      '--warnings=off',
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit', cwd: folder },
  );
  process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  await server.close();
  await rm(folder, { recursive: true, force: true });
}
