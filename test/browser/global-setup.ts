/** The servers of the integration tests, and the console as `npm run build` lays it. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { build } from 'vite';
import { packageRoot } from '../../src/core/paths.ts';
import startServers from '../integration/global-setup.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Building empties a folder that servers of other tests may be reading.
  if (!isBuilt())
    await build({ configFile: path.join(packageRoot, 'src/console/vite.config.ts'), logLevel: 'warn' });
  return await startServers(project);
}

/** Whether the console is younger than every source. */
function isBuilt(): boolean {
  const built = statSync(path.join(packageRoot, 'dist/console/index.html'), { throwIfNoEntry: false });
  const sources = path.join(packageRoot, 'src');
  return (
    built !== undefined &&
    readdirSync(sources, { recursive: true, encoding: 'utf8' }).every(
      (name) => statSync(path.join(sources, name)).mtimeMs < built.mtimeMs,
    )
  );
}
