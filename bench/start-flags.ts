import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../src/core/paths.ts';

/**
 * Node's flags of `npm start`, which the container image has too: servers are measured as they are started.
 */
export const startFlags: readonly string[] = readStartFlags();

function readStartFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start
    .split(' ')
    .filter((word, index, words) => index < words.indexOf('dist/cli/main.js') && word.startsWith('--'));
}
