import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startFlags } from '../bench/start-flags.ts';
import { packageRoot } from '../src/core/paths.ts';

const dockerfile = await readFile(path.join(packageRoot, 'deploy', 'Dockerfile'), 'utf8');

it('starts Node with the same flags by npm and in the container image', async () => {
  const manifest = await readFile(path.join(packageRoot, 'package.json'), 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> };
  const entry = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]';
  expect(startFlags).toContain('--no-memory-reducer');
  expect(JSON.parse(entry)).toEqual(['node', ...startFlags, 'dist/cli/main.js']);
  expect(scripts['copyloop']).toBe(['node', ...startFlags, 'dist/cli/main.js'].join(' '));
});

it('leaves only packages out of the image that transformers.js does not load in Node', async () => {
  const removed = [...dockerfile.matchAll(/rm -r node_modules\/(\S+)/g)].map(([, name]) => name);
  expect(removed).toEqual(['onnxruntime-web']);
  const build = await readFile(fileURLToPath(import.meta.resolve('@huggingface/transformers')), 'utf8');
  const imported = [...build.matchAll(/^import .*?["']([^"']+)["'];$|import\(["']([^"']+)["']\)/gm)].map(
    ([, named, dynamic]) => named ?? dynamic,
  );
  expect(imported).toContain('onnxruntime-common');
  for (const name of removed)
    expect(imported.filter((specifier) => specifier?.split('/')[0] === name)).toEqual([]);
});
