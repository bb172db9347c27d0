/** A writer of one's own: a module whose default export makes it. It is loaded when it is first asked. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError, toError } from '../../core/errors.ts';
import type { Writer, WriterFactory } from './writer.ts';

/** @param file a path, from the folder that copyloop was started in, or the name of an installed package */
export function openModuleWriter(file: string, settings: Readonly<Record<string, unknown>>): Writer {
  let loading: Promise<Omit<Writer, 'name'>> | undefined;
  const load = async (): Promise<Omit<Writer, 'name'>> => {
    const isPath = file.startsWith('.') || path.isAbsolute(file);
    try {
      const loaded: unknown = await import(isPath ? pathToFileURL(path.resolve(file)).href : file);
      const { default: make } = loaded as { default?: unknown };
      if (typeof make !== 'function') throw new Error('its default export is no function');
      const made = await (make as WriterFactory)(settings);
      if (typeof made?.write !== 'function') throw new Error('what its default export gives has no write()');
      return made;
    } catch (thrown) {
      throw new AppError('invalid-config', `copy.module.path is "${file}": ${toError(thrown).message}`, {
        cause: thrown,
        details: { key: 'copy.module.path' },
      });
    }
  };
  return {
    name: 'module',
    // Known only once it is loaded: what it says of repairs is asked for then.
    get repairs() {
      return 1;
    },
    async write(brief, fields, options) {
      loading ??= load().catch((thrown: unknown) => {
        loading = undefined;
        throw thrown;
      });
      const writer = await loading;
      if (options.refused !== undefined && (writer.repairs ?? 0) === 0) return fields.map(() => []);
      const texts: unknown = await writer.write(brief, fields, options);
      return readTexts(texts, fields.length);
    },
    async close() {
      const writer = await loading?.catch(() => undefined);
      await writer?.close?.();
    },
  };
}

/** What a stranger's function gives is checked at the border. */
function readTexts(texts: unknown, fields: number): string[][] {
  if (!Array.isArray(texts))
    throw new AppError('bad-model', `the writer of copy.module gave no list of ${fields} lists of texts`);
  return Array.from({ length: fields }, (_, at) => {
    const list: unknown = texts[at];
    return Array.isArray(list) ? list.filter((text): text is string => typeof text === 'string') : [];
  });
}
