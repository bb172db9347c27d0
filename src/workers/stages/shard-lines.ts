/**
 * How rows lie between the stages of a job: JSON, one a line. What is read was written by us and is checked
 * by its sha256.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { CatalogueRow, Fault, TableRow } from '../../data/index.ts';

/** A line of the artifact of refused rows. */
export interface RefusedLine extends Fault {
  line: number;
}

export function renderLines(rows: readonly (CatalogueRow | TableRow | RefusedLine)[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export async function readShard(store: ArtifactStore, key: string): Promise<CatalogueRow[]> {
  return parseLines<CatalogueRow>(await store.readText(key));
}

export async function readCreatives(store: ArtifactStore, key: string): Promise<TableRow[]> {
  return parseLines<TableRow>(await store.readText(key));
}

function parseLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
