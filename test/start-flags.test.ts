import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startFlags } from '../bench/start-flags.ts';
import { packageRoot } from '../src/core/paths.ts';

it('starts Node with the same flags by npm and in the container image', async () => {
  const [manifest = '', dockerfile = ''] = await Promise.all(
    ['package.json', 'deploy/Dockerfile'].map((file) => readFile(path.join(packageRoot, file), 'utf8')),
  );
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  const entry = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]';
  expect(startFlags).toContain('--no-memory-reducer');
  expect(JSON.parse(entry)).toEqual(['node', ...startFlags, 'dist/cli/main.js']);
  expect(scripts['copyloop']).toBe(['node', ...startFlags, 'dist/cli/main.js'].join(' '));
});
