/**
 * Runs the unmodified MLflow Python client (mlflow_client.py) against a fresh copyloop. Python:
 * CLIENTS_PYTHON or var/mlflow-venv, with what requirements.txt beside this file names. Exit code 3 where
 * there is none.
 */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { openMlflowServer } from './open-mlflow-server.ts';

const python = process.env['CLIENTS_PYTHON'] ?? path.join(packageRoot, 'var', 'mlflow-venv', 'bin', 'python');
if (spawnSync(python, ['-c', 'import mlflow, sklearn']).status !== 0) {
  console.error(`SKIPPED: ${python} has no mlflow and scikit-learn; see test/clients/run-mlflow-client.ts`);
  process.exit(3);
}

const server = await openMlflowServer();
try {
  const child = spawn(
    python,
    [path.join(packageRoot, 'test', 'clients', 'mlflow_client.py'), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      cwd: server.varDir,
      env: {
        ...process.env,
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true',
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
        GIT_PYTHON_REFRESH: 'quiet',
      },
    },
  );
  process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
} finally {
  await server.close();
}
