/** What a child process said last: shown when it ends before its time. */
import { readFile } from 'node:fs/promises';

const LINES = 20;

/** The end of a log, marked as such, to be put behind an error's message. */
export async function readLogTail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-LINES);
  return text.trim() === '' ? `\n${file} is empty` : `\nthe end of ${file}:\n${lines.join('\n')}`;
}
