/**
 * Predictions that could not be written before their server stopped, kept in files until the next one of the
 * same folder writes them. A prediction is taken in once however often it is tried: its id is the key of its
 * row.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomSlug } from '../../core/ids.ts';

/**
 * As the text that is sent: a few strings, which a collection of garbage passes over faster than the objects
 * they were.
 */
export interface WaitingRow {
  id: string;
  json: string;
}

/** Of all files together with the one that is written. */
const MAX_BYTES = 64 * 1024 * 1024;
const SUFFIX = '.jsonl';

/** @returns how many of the rows are kept: the first ones, as many as there is room for */
export async function keepUnwritten(
  folder: string,
  rows: readonly WaitingRow[],
  maxBytes = MAX_BYTES,
): Promise<number> {
  await mkdir(folder, { recursive: true });
  let room = maxBytes;
  for (const { text } of await readFiles(folder)) room -= Buffer.byteLength(text);
  const lines: string[] = [];
  for (const row of rows) {
    const line = `${JSON.stringify(row)}\n`;
    room -= Buffer.byteLength(line);
    if (room < 0) break;
    lines.push(line);
  }
  if (lines.length === 0) return 0;
  const file = path.join(folder, `${Date.now()}-${randomSlug(8)}`);
  try {
    await writeFile(`${file}.part`, lines.join(''), { mode: 0o600, flush: true });
    await rename(`${file}.part`, file + SUFFIX);
  } catch (thrown) {
    await rm(`${file}.part`, { force: true });
    throw thrown;
  }
  return lines.length;
}

/**
 * Hands the kept rows to `write`, a file at a time, and deletes what it has written. @returns how many rows
 */
export async function takeUnwritten(
  folder: string,
  write: (rows: readonly WaitingRow[]) => Promise<void>,
): Promise<number> {
  let taken = 0;
  for (const { file, text } of await readFiles(folder)) {
    const rows = text.split('\n').flatMap(parseLine);
    await write(rows);
    await rm(file, { force: true });
    taken += rows.length;
  }
  return taken;
}

/** A line that a damaged disk has left unreadable is passed over: it must not hold up the others. */
function parseLine(line: string): WaitingRow[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as WaitingRow];
  } catch {
    return [];
  }
}

async function readFiles(folder: string): Promise<{ file: string; text: string }[]> {
  const names = await readdir(folder).catch(() => []);
  const kept = names.filter((name) => name.endsWith(SUFFIX)).toSorted();
  const files: { file: string; text: string }[] = [];
  for (const name of kept) {
    const file = path.join(folder, name);
    // Another server of the folder may have taken it; one that may not be read stays for whoever may.
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) files.push({ file, text });
  }
  return files;
}
