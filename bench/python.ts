/**
 * The Python environments that copyloop is measured against: made when they are not there, never taken from
 * elsewhere.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, toError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';

const run = promisify(execFile);

interface Environment {
  /** Below var. */
  folder: string;
  /** Below bench. */
  requirements: string;
  imports: string;
  size: string;
}

/** PyTorch, transformers, scikit-learn and gunicorn. @returns the path of its Python */
export async function openReferencePython(): Promise<string> {
  return await openPython({
    folder: 'bench-venv',
    requirements: 'reference/requirements.txt',
    imports: 'torch, transformers, safetensors, sklearn, flask, gunicorn',
    size: '3 GB',
  });
}

/** MLflow and its driver for PostgreSQL. @returns the path of its Python */
export async function openMlflowPython(): Promise<string> {
  return await openPython({
    folder: 'bench-mlflow-venv',
    requirements: 'tracking/requirements.txt',
    imports: 'mlflow, psycopg2',
    size: '1 GB',
  });
}

async function openPython({ folder, requirements, imports, size }: Environment): Promise<string> {
  const place = path.join(packageRoot, 'var', folder);
  const python = path.join(place, 'bin', 'python');
  if (await canImport(python, imports)) return python;
  console.info(`installing ${requirements} into ${place}: about ${size}, some minutes, once`);
  try {
    if (!existsSync(python)) await run('python3', ['-m', 'venv', place]);
    const list = path.join(packageRoot, 'bench', requirements);
    await run(python, ['-m', 'pip', 'install', '--quiet', '-r', list], { maxBuffer: 2 ** 26 });
  } catch (thrown) {
    throw new AppError(
      'unavailable',
      `bench/${requirements} could not be installed into ${place}: ${toError(thrown).message.trim()}\n` +
        `This takes python3 with venv (Debian: apt-get install python3-venv) and a package index that pip can reach; ` +
        `if the folder is half made, remove it and run the bench again.`,
      { cause: thrown },
    );
  }
  return python;
}

async function canImport(python: string, modules: string): Promise<boolean> {
  if (!existsSync(python)) return false;
  return run(python, ['-c', `import ${modules}`]).then(
    () => true,
    () => false,
  );
}
