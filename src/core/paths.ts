/** Where things of the package itself lie, whether it runs from `src` (tsx, vitest) or from `dist`. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** The folder that holds package.json, config/ and assets/. */
export const packageRoot = findRoot(path.dirname(here));

/** The version of copyloop, of package.json. */
export function readPackageVersion(): string {
  const manifest = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

function findRoot(start: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json')) && existsSync(path.join(folder, 'config')))
      return folder;
    if (folder === path.dirname(folder)) throw new Error(`no package.json with a config/ above ${start}`);
  }
}

let compiledFolder: string | undefined;

/**
 * From now on, modules that would start from sources start compiled, from below `folder`, a mirror of the
 * package. tsx costs every process more than a second of CPU, and tests start hundreds.
 */
export function startCompiled(folder: string): void {
  compiledFolder = folder;
}

/**
 * How to start one of our own modules in a worker thread or a child process.
 * From sources (`.ts`) Node needs tsx's loader; compiled (`.js`) it needs nothing.
 *
 * @param from `import.meta.url` of the caller
 * @param name path of the module relative to the caller, without extension: `./child-process`
 */
export function entryPoint(from: string, name: string): { url: URL; file: string; execArgv: string[] } {
  const compiled = new URL(`${name}.js`, from);
  if (!from.endsWith('.ts')) return { url: compiled, file: fileURLToPath(compiled), execArgv: [] };
  if (compiledFolder !== undefined) {
    const file = path.join(compiledFolder, path.relative(packageRoot, fileURLToPath(compiled)));
    return { url: pathToFileURL(file), file, execArgv: [] };
  }
  const url = new URL(`${name}.ts`, from);
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { url, file: fileURLToPath(url), execArgv: ['--import', loader] };
}

/**
 * As `entryPoint`, for a worker thread: up to Node 22.14 tsx's loader leaves threads alone, so a thread from
 * sources registers it itself.
 */
export function threadEntryPoint(from: string, name: string): { url: URL; execArgv: string[] } {
  const { url, execArgv } = entryPoint(from, name);
  const [, loader] = execArgv;
  if (loader === undefined) return { url, execArgv };
  const api = new URL('./esm/api/index.mjs', loader).href;
  const program = `import { register } from ${JSON.stringify(api)}; register();`;
  return { url, execArgv: ['--import', `data:text/javascript,${encodeURIComponent(program)}`] };
}
