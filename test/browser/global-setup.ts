/** The servers of the integration tests, and the console as `npm run build` lays it. */
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { build } from 'vite';
import { packageRoot } from '../../src/core/paths.ts';
import startServers from '../integration/global-setup.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await build({ configFile: path.join(packageRoot, 'src/console/vite.config.ts'), logLevel: 'warn' });
  return await startServers(project);
}
