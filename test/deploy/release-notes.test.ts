import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';

let project: string;
beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'copyloop-release-'));
  await mkdir(path.join(project, 'deploy/helm/copyloop'), { recursive: true });
  await cp(path.join(packageRoot, 'deploy/release-notes.sh'), path.join(project, 'deploy/release-notes.sh'));
  await writeFile(path.join(project, 'package.json'), '{"version": "1.2.0"}');
  await writeFile(
    path.join(project, 'deploy/helm/copyloop/Chart.yaml'),
    'version: 1.2.0\nappVersion: latest\n',
  );
  await writeFile(
    path.join(project, 'CHANGELOG.md'),
    '# Changelog\n\n## Unreleased\n\n- later\n\n## 1.2.0 (2026-12-01)\n\n- this\n\n## 1.1.0\n\n- before\n',
  );
});
afterAll(() => rm(project, { recursive: true, force: true }));

const notes = (tag: string) => {
  const { status, stdout, stderr } = spawnSync('bash', ['deploy/release-notes.sh', tag], {
    cwd: project,
    encoding: 'utf8',
  });
  return { status, said: (stdout + stderr).trim() };
};

describe('the notes of a release', () => {
  it("are the changelog's section of its version", () => {
    expect(notes('v1.2.0')).toEqual({ status: 0, said: '- this' });
  });

  it.each([
    ['1.2.0', 'is no tag such as v1.2.3'],
    ['v1.3.0', 'package.json has version 1.2.0'],
  ])('are refused for %s', (tag, why) => {
    expect(notes(tag)).toEqual({ status: 1, said: expect.stringContaining(why) });
  });

  it('are refused where chart or changelog lack the version', async () => {
    const chart = path.join(project, 'deploy/helm/copyloop/Chart.yaml');
    await writeFile(chart, 'version: 1.1.0\n');
    expect(notes('v1.2.0').said).toContain('Chart.yaml has version 1.1.0');
    await writeFile(chart, 'version: 1.2.0\n');
    await writeFile(path.join(project, 'CHANGELOG.md'), '## 1.2.0\n\n## 1.1.0\n\n- before\n');
    expect(notes('v1.2.0').said).toContain('has no section "## 1.2.0"');
  });
});
