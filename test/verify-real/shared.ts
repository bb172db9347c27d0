/** Where the reference data lies, beside the project; absent in a checkout of its own. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';

const shared = path.resolve(packageRoot, '../shared');

/** Path of something shared, or null (and a line that says so) when this machine has none. */
export function sharedPath(name: string): string | null {
  const file = path.join(shared, name);
  if (existsSync(file)) return file;
  console.warn(`${file} is not there: the tests that need it are skipped`);
  return null;
}
