import { access } from 'node:fs/promises';

/** Whether anything lies at the path: a file, a folder, whatever else. */
export function pathExists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
