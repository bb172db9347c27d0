/** Word lists are data: assets/wording/NAME.yaml, which whoever writes well may edit without reading code. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { packageRoot } from './paths.ts';

export const wordList = z.array(z.string()).min(1).readonly();

/** The words of a file, read and checked when they are first asked for. */
export function defineWording<T extends z.ZodType>(name: string, schema: T): () => z.output<T> {
  let words: { value: z.output<T> } | undefined;
  return () => (words ??= { value: parseWording(name, read(name), schema) }).value;
}

/** The same for a file that each of many folders has: `de/claims`, `fr/claims`. */
export function defineWordings<K extends string, T extends z.ZodType>(
  folders: readonly K[],
  name: string,
  schema: T,
): Record<K, () => z.output<T>> {
  const words = folders.map((folder) => [folder, defineWording(`${folder}/${name}`, schema)] as const);
  return Object.fromEntries(words) as Record<K, () => z.output<T>>;
}

function read(name: string): string {
  return readFileSync(path.join(packageRoot, 'assets', 'wording', `${name}.yaml`), 'utf8');
}

/** @throws AppError `internal` naming the key: the file belongs to the package */
export function parseWording<T extends z.ZodType>(name: string, text: string, schema: T): z.output<T> {
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'internal',
    `assets/wording/${name}.yaml is not valid:\n${z.prettifyError(parsed.error)}`,
  );
}
