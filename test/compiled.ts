/**
 * Sources compiled for the processes and threads that tests start: without tsx each begins a second sooner.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot, startCompiled } from '../src/core/paths.ts';

/** Where test/tsconfig.json puts them. */
const folder = path.join(packageRoot, 'node_modules/.cache/copyloop');

export default function compile(): void {
  const tsc = path.join(packageRoot, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(packageRoot, 'test')], { stdio: 'inherit' });
}

// This file is at once vitest's global set-up, which compiles, and the set-up of each of its workers.
startCompiled(folder);
