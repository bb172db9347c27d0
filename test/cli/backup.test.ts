import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { backupCommand } from '../../src/cli/commands/backup.ts';
import type { Terminal } from '../../src/cli/command.ts';

it('copyloop backup refuses a place that takes no folder by its name, before anything is read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-backup-'));
  const out = path.join(folder, 'taken');
  await writeFile(out, 'a file');
  const terminal: Terminal = {
    print: () => undefined,
    note: () => undefined,
    isInteractive: false,
    columns: 80,
  };
  const { signal } = new AbortController();
  for (const place of [out, path.join(out, 'below')])
    await expect(
      backupCommand.run({ options: { out: place }, positionals: [], terminal, signal }),
    ).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining(`${out} is a file`) });
  await rm(folder, { recursive: true });
});
