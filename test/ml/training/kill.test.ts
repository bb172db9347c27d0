import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { entryPoint } from '../../../src/core/paths.ts';

const KILLS = 5;
const STEPS = 20 * 12;
/**
 * Wider than the steps between two checkpoints, and five of them leave the timer time to strike before the
 * end.
 */
const SPACING = 35;
const { file, execArgv } = entryPoint(import.meta.url, './tiny-process');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-kill-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the training, to be killed with SIGKILL after step `killAt`, and returns the steps it said. */
async function runTraining(
  name: string,
  killAt: number,
): Promise<{ steps: number[]; exitCode: number | null }> {
  const child = spawn(
    process.execPath,
    [...execArgv, file, path.join(folder, name), path.join(folder, `${name}.safetensors`), String(killAt)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close') as Promise<[number | null]>;
  const steps: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    steps.push(Number(line));
  }
  const [exitCode] = await ended;
  return { steps, exitCode };
}

function readResult(name: string): Promise<Buffer> {
  return readFile(path.join(folder, `${name}.safetensors`));
}

it('a training killed five times at random steps ends with the weights of the undisturbed one', async () => {
  const undisturbed = await runTraining('undisturbed', Infinity);
  expect(undisturbed).toMatchObject({ exitCode: 0, steps: { length: STEPS } });

  let first = 1;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    // Random, yet ever later, so that each process gets to work on what the one before had saved.
    const killAt = kill * SPACING - Math.floor(Math.random() * 20);
    const killed = await runTraining('killed', killAt);
    expect(killed.exitCode).toBeNull();
    expect(killed.steps[0]).toBeGreaterThanOrEqual(first);
    first = killed.steps[0] as number;
  }
  const last = await runTraining('killed', Infinity);
  expect(last.exitCode).toBe(0);
  expect(last.steps.length).toBeLessThan(STEPS);

  expect((await readResult('killed')).equals(await readResult('undisturbed'))).toBe(true);
});
