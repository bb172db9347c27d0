import { writeAtomically } from '../models/index.ts';

/** A file that people read as well: indented, with a line end. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeAtomically(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
}
