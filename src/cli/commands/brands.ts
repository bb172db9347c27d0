import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { AppError, toError } from '../../core/errors.ts';
import { parseBrandProfile, renderBrandRef } from '../../copy/index.ts';
import { createBrandStore } from '../../serving/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { nameCliUser, readConfig, withServices } from '../services.ts';

export const brandsCommand = defineCommand({
  name: 'brands',
  more: 'A profile is a YAML file (docs/copy.md); setting one makes a version that never changes.',
  usage: '[list | show NAME | set NAME --file FILE | export NAME [--out FILE]] [--version N] [--json]',
  positionals: [
    { name: 'action', required: false, about: 'list (default), show its versions, set or export' },
    { name: 'name', required: false, about: 'the brand' },
  ],
  options: {
    ...COMMON_OPTIONS,
    file: { type: 'string', value: 'FILE', about: 'the profile to set, as YAML or JSON' },
    out: { type: 'string', value: 'FILE', about: 'where the exported profile goes (default: printed)' },
    version: { type: 'string', value: 'N', about: 'of the profile (default: the newest)' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop brands set acme --file acme.yaml', 'copyloop brands export acme > acme.yaml'],
  run: async ({ options, positionals, terminal }) => {
    const [action = 'list', name] = positionals;
    const { config } = readConfig(options);
    const version = parseWhole('version', options.version, { min: 1, max: 1_000_000_000 });
    const asJson = options.json === true;
    const print = (value: unknown, text: () => string): void =>
      terminal.print(asJson ? renderJson(value) : text());
    // What cannot work is refused before anything is opened.
    const profile = action === 'set' ? await readProfile(options.file) : undefined;
    if (action !== 'list' && name === undefined)
      throw new AppError('invalid-input', `copyloop brands ${action} needs the NAME of a brand`);
    await withServices(config, { role: 'cli' }, async ({ database: { db } }) => {
      const store = createBrandStore(db);
      const of = name ?? '';
      switch (action) {
        case 'list': {
          const brands = await store.list();
          print(brands, () => renderBrands(brands));
          return;
        }
        case 'show': {
          const versions = await store.versions(of);
          print(versions, () => renderBrands(versions));
          return;
        }
        case 'set': {
          if (profile === undefined) return;
          const { isNew, ...brand } = await store.set(of, profile, nameCliUser());
          const ref = renderBrandRef(brand);
          print(brand, () => (isNew ? `${ref} is set` : `${ref} says so already; there is no new version`));
          return;
        }
        case 'export': {
          const brand = await store.get(of, version);
          const text = asJson ? renderJson(brand.profile) : stringify(brand.profile).trimEnd();
          if (options.out === undefined) terminal.print(text);
          else {
            await writeFile(options.out, `${text}\n`);
            terminal.note(`${renderBrandRef(brand)} is in ${options.out}`);
          }
          return;
        }
        default:
          throw new AppError(
            'invalid-input',
            `copyloop brands does not know "${action}": list, show, set or export`,
          );
      }
    });
  },
});

type Listed = Awaited<ReturnType<ReturnType<typeof createBrandStore>['list']>>;

function renderBrands(brands: Listed): string {
  return renderTable(
    ['BRAND', 'TITLE', 'WHEN', 'BY'],
    brands.map((brand) => [
      renderBrandRef(brand),
      brand.profile.title,
      brand.createdAt.toISOString(),
      brand.createdBy,
    ]),
  );
}

/** @throws AppError `invalid-input` naming the file and the key */
async function readProfile(file: string | undefined) {
  if (file === undefined) throw new AppError('invalid-input', 'copyloop brands set needs --file FILE');
  try {
    return parseBrandProfile(parse(await readFile(file, 'utf8')));
  } catch (thrown) {
    throw new AppError('invalid-input', `${file}: ${toError(thrown).message}`, { cause: thrown });
  }
}
