/**
 * Runs MLflow's own tests/tracking/test_rest_tracking.py (from a checkout of its repository) against
 *   copyloop, a fresh one for each test: npx tsx test/clients/run-upstream-tests.ts CHECKOUT [pytest
 *   arguments]
 * The checkout stays as it is; upstream_plugin.py points its server fixtures here. Python needs mlflow,
 * pytest and pytest-asyncio.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { listenLocally } from './listen-locally.ts';
import { openMlflowServer } from './open-mlflow-server.ts';

const [checkout, ...pytestArguments] = process.argv.slice(2);
if (checkout === undefined) {
  console.error('usage: npx tsx test/clients/run-upstream-tests.ts CHECKOUT [pytest arguments]');
  process.exit(2);
}
const python = process.env['CLIENTS_PYTHON'] ?? path.join(packageRoot, 'var', 'mlflow-venv', 'bin', 'python');
const server = await openMlflowServer();
// POST: empty copyloop and answer with its address.
const control = createServer((_, response) => {
  server.empty().then(
    () => response.end(server.url),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
try {
  const child = spawn(
    python,
    [
      '-m',
      'pytest',
      '-p',
      'upstream_plugin',
      '-p',
      'no:cacheprovider',
      'tests/tracking/test_rest_tracking.py',
      ...pytestArguments,
    ],
    {
      stdio: 'inherit',
      cwd: path.resolve(checkout),
      env: {
        ...process.env,
        PYTHONPATH: [
          path.resolve(checkout),
          path.join(packageRoot, 'test', 'clients'),
          process.env['PYTHONPATH'] ?? '',
        ].join(path.delimiter),
        COPYLOOP_CONTROL: `http://127.0.0.1:${await listenLocally(control)}`,
      },
    },
  );
  process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  control.closeAllConnections();
  control.close();
  await server.close();
}
