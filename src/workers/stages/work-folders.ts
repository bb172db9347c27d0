/**
 * Local folders of a run below `<varDir>/work`; a retried stage finds there what the attempt before it left.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { StageServices } from '../loop/context.ts';

export function workFolder(services: StageServices, runId: string, ...names: string[]): string {
  return path.resolve(services.config.storage.varDir, 'work', runId, ...names);
}

export async function removeWorkFolder(
  services: StageServices,
  runId: string,
  ...names: string[]
): Promise<void> {
  await rm(workFolder(services, runId, ...names), { recursive: true, force: true });
}
