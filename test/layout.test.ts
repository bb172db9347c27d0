/**
 * The house rules that a machine can check: imports point one way, folders have one door, the environment is
 * read in one place.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/core/paths.ts';

const src = path.join(packageRoot, 'src');

/** What each folder may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  mlflow: ['core'],
  db: ['core'],
  data: ['core', 'db', 'learning'],
  ml: ['core'],
  tracking: ['core', 'mlflow', 'db'],
  copy: ['core', 'learning'],
  learning: ['core'],
  serving: ['core', 'db', 'data', 'ml', 'tracking', 'copy', 'learning'],
  audit: ['core', 'db'],
  backup: ['core', 'db', 'tracking'],
  queues: ['core', 'db', 'data', 'ml', 'tracking', 'copy', 'learning'],
  workers: ['core', 'db', 'data', 'ml', 'tracking', 'copy', 'learning', 'queues', 'serving', 'audit'],
  server: [
    'core',
    'mlflow',
    'db',
    'data',
    'ml',
    'tracking',
    'copy',
    'learning',
    'queues',
    'serving',
    'audit',
  ],
  client: ['core', 'mlflow'],
  console: ['client'],
  cli: [
    'core',
    'db',
    'data',
    'ml',
    'tracking',
    'copy',
    'learning',
    'queues',
    'serving',
    'workers',
    'server',
    'client',
    'audit',
    'backup',
  ],
};

/** Rooms on the ground, of small parts that have nothing in common: entered by any file. */
const GROUND: readonly string[] = ['core', 'mlflow'];

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((to) => ({
    from: file,
    to: path.relative(src, path.resolve(src, path.dirname(file), to)),
  }));
}

const roomOf = (file: string): string => file.split(path.sep)[0] ?? '';

export function findUpwardImports(list: readonly Import[]): string[] {
  return list
    .filter(
      ({ from, to }) => roomOf(from) !== roomOf(to) && !(ALLOWED[roomOf(from)] ?? []).includes(roomOf(to)),
    )
    .map(({ from, to }) => `${from} -> ${to}`);
}

export function findCycles(list: readonly Import[]): string[] {
  const graph = new Map<string, string[]>();
  for (const { from, to } of list) graph.set(from, [...(graph.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
    if (done.has(file) || trail.includes(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}

/** Imports as of folders of the first level below a room; what lies in the room itself stays a file. */
export function betweenFolders(list: readonly Import[]): Import[] {
  const folderOf = (file: string): string => file.split(path.sep).slice(0, 2).join(path.sep);
  return list
    .map(({ from, to }) => ({ from: folderOf(from), to: folderOf(to) }))
    .filter(({ from, to }) => from !== to && roomOf(from) === roomOf(to));
}

const isWithin = (folder: string, file: string): boolean => file.startsWith(folder + path.sep);

/** Whoever may enter this door would reach a room that the table above keeps from them. */
export function findLentExports(door: string, text: string): string[] {
  return [...text.matchAll(/export\s[^;]*?from\s'(\.\.\/[^']+)'/g)].map(([, to]) => `${door} -> ${to}`);
}

describe('the layout', () => {
  it('knows every folder of src', () => {
    const rooms = readdirSync(src, { withFileTypes: true }).map((entry) => entry.name);
    expect(rooms.filter((room) => !(room in ALLOWED))).toEqual([]);
  });

  it('lets imports point one way only', () => {
    expect(findUpwardImports(imports)).toEqual([]);
  });

  it('has no import cycle', () => {
    expect(findCycles(imports)).toEqual([]);
  });

  it('has no import cycle between the folders of a room', () => {
    expect(findCycles(betweenFolders(imports))).toEqual([]);
  });

  it('enters another folder by its door only', () => {
    const intruders = imports.filter(
      ({ from, to }) =>
        roomOf(from) !== roomOf(to) && !GROUND.includes(roomOf(to)) && !/^[^/]+\/index\.ts$/.test(to),
    );
    expect(intruders.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('has no door that hands out the things of another room', () => {
    const lent = files
      .filter((file) => /^[^/]+\/index\.ts$/.test(file))
      .flatMap((file) => findLentExports(file, readFileSync(path.join(src, file), 'utf8')));
    expect(lent).toEqual([]);
  });

  it('keeps server/http below what it serves', () => {
    const http = path.join('server', 'http');
    const above = imports.filter(
      ({ from, to }) => isWithin(http, from) && roomOf(to) === 'server' && !isWithin(http, to),
    );
    expect(above.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('reads the environment in core/config alone', () => {
    const readers = files.filter((file) =>
      /process\.env\b/.test(withoutComments(readFileSync(path.join(src, file), 'utf8'))),
    );
    expect(readers.filter((file) => !file.startsWith(path.join('core', 'config')))).toEqual([]);
  });

  it('has no folder named after a kind of TypeScript thing', () => {
    const folders = new Set(files.flatMap((file) => path.dirname(file).split(path.sep)));
    expect(['utils', 'helpers', 'types', 'interfaces', 'common'].filter((name) => folders.has(name))).toEqual(
      [],
    );
  });
});

/** Prettier wraps code and leaves comments as they are. */
const WIDEST_COMMENT = 110;

/** Lines of a text that hold a comment and are too wide. */
export function findWideComments(name: string, text: string): string[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, place: `${name}:${index + 1}` }))
    .filter(({ line }) => line.length > WIDEST_COMMENT && /^\s*(\/\/|\/\*|\* )|[;,{)] \/\/ /.test(line))
    .map(({ place }) => place);
}

describe('comments', () => {
  it('are at most 110 characters wide', () => {
    const wide = ['src', 'test', 'bench', 'fixtures'].flatMap((room) =>
      readdirSync(path.join(packageRoot, room), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => path.join(room, file))
        .flatMap((file) => findWideComments(file, readFileSync(path.join(packageRoot, file), 'utf8'))),
    );
    expect(wide).toEqual([]);
  });
});

describe('the checker of the layout', () => {
  it('reports a comment that is too wide, and no code that is', () => {
    const wide = 'x'.repeat(WIDEST_COMMENT);
    expect(findWideComments('a.ts', `// ${wide}\nconst text = '${wide}';\n /** short */`)).toEqual([
      'a.ts:1',
    ]);
  });

  it('reports an upward import', () => {
    expect(findUpwardImports([{ from: 'core/log.ts', to: 'db/index.ts' }])).toEqual([
      'core/log.ts -> db/index.ts',
    ]);
  });

  it('reports a door that lends', () => {
    const text = "export { a } from './a.ts';\nexport {\n  b,\n} from '../serving/index.ts';\n";
    expect(findLentExports('server/index.ts', text)).toEqual(['server/index.ts -> ../serving/index.ts']);
  });

  it('reports a cycle', () => {
    const cycle = [
      { from: 'a.ts', to: 'b.ts' },
      { from: 'b.ts', to: 'a.ts' },
    ];
    expect(findCycles(cycle)).toEqual(['a.ts -> b.ts -> a.ts']);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');
}
