/** Brands: how each speaks, in versions that never change, edited as YAML. */
import { useState } from 'preact/hooks';
import { parse, stringify } from 'yaml';
import { ApiError, type Body } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Lines } from '../../parts/scroll.tsx';
import { listDifferences, renderValue } from '../../parts/differences.ts';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';

type BrandProfile = Body<'PUT /brands/{name}'>;

const START = `title: Acme
voice: Warm, plain and short. Facts before adjectives.
do:
  - Begin with what the product does.
dont:
  - Never address the reader as a customer.
vocabulary:
  - { avoid: cheap, say: affordable }
maxEmoji: 0
punctuation: { maxExclamationMarks: 0 }
`;

export default function Brands({ route }: PageProps) {
  const [name, version] = route.rest;
  return name === undefined ? <All /> : <One name={name} version={version} />;
}

function All() {
  const { data, error, reload } = useLive('brands', [], async () => client.call('GET /brands', {}));
  const mayWrite = useMay('writer');
  const [name, setName] = useState('');
  return (
    <>
      <h1>Brands</h1>
      <p class="soft">
        What a brand says and never says. Every text that is written for it is held against its rules.
      </p>
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : (
        <Table
          name="Brands"
          rows={data.brands}
          keyOf={(brand) => brand.name}
          empty={mayWrite ? 'No brand yet. Name one to describe it.' : 'No brand yet.'}
          columns={[
            {
              title: 'Brand',
              text: (brand) => brand.name,
              show: (brand) => <a href={linkTo('brands', [brand.name])}>{brand.title ?? brand.name}</a>,
            },
            { title: 'Version', isNumber: true, text: (brand) => brand.version },
            { title: 'Set by', text: (brand) => brand.created_by },
            {
              title: 'Set',
              text: (brand) => brand.created_at,
              show: (brand) => <Ago at={brand.created_at} />,
            },
          ]}
        />
      )}
      {mayWrite ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            location.hash = linkTo('brands', [name]);
          }}
        >
          <label>
            New brand{' '}
            <input
              required
              pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
              title="small letters, digits and -"
              placeholder="acme"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <button type="submit">Describe it</button>
        </form>
      ) : null}
    </>
  );
}

async function loadOne(name: string, version: number | undefined) {
  const path = { name };
  const versions = await client.call('GET /brands/{name}/versions', { path }).then(
    (found) => found.versions,
    (cause: unknown) => {
      // Of any other fault nothing is known: to describe such a brand anew would be to replace it.
      if (cause instanceof ApiError && cause.code === 'not-found') return [];
      throw cause;
    },
  );
  const chosen = versions.find((one) => one.version === version) ?? versions[0];
  const read = async (number: number | undefined): Promise<BrandProfile | undefined> => {
    if (number === undefined) return undefined;
    const call = 'GET /brands/{name}/versions/{version}';
    return (await client.call(call, { path: { name, version: number } })).brand.profile;
  };
  const [profile, before] = await Promise.all([
    read(chosen?.version),
    read(versions.find((one) => chosen !== undefined && one.version < chosen.version)?.version),
  ]);
  return { versions, chosen, profile, before };
}

function One({ name, version }: { name: string; version: string | undefined }) {
  const number = version === undefined ? undefined : Number(version);
  const { data, error, reload } = useLive(`brand ${name} ${version}`, [], () => loadOne(name, number));
  const mayWrite = useMay('writer');
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { versions, chosen, profile, before } = data;
  const isNewest = chosen?.version === versions[0]?.version;
  const text = profile === undefined ? START : stringify(profile);
  return (
    <>
      <p class="soft">
        <a href={linkTo('brands')}>Brands</a> / <span class="foreign">{name}</span>
        {chosen === undefined ? null : ` / version ${chosen.version}`}
      </p>
      <h1 class="foreign">{profile?.title ?? name}</h1>
      {mayWrite && isNewest ? (
        <Edit key={name} name={name} text={text} isNew={profile === undefined} reload={reload} />
      ) : (
        <Lines>{text}</Lines>
      )}
      {before === undefined ? null : (
        <>
          <h2>Since the version before</h2>
          <Table
            name={`Changes of ${name}`}
            rows={listDifferences(before, profile)}
            keyOf={({ key }) => key}
            empty="Nothing."
            columns={[
              { title: 'Rule', text: ({ key }) => key, show: ({ key }) => <code>{key}</code> },
              { title: 'Before', text: ({ ours }) => renderValue(ours) },
              { title: 'Now', text: ({ theirs }) => renderValue(theirs) },
            ]}
          />
        </>
      )}
      <h2>Versions</h2>
      <Table
        name={`Versions of ${name}`}
        rows={versions}
        keyOf={(one) => one.version}
        empty="None yet: what is set becomes the first."
        columns={[
          {
            title: 'Version',
            isNumber: true,
            text: (one) => one.version,
            show: (one) => <a href={linkTo('brands', [name, one.version])}>{one.version}</a>,
          },
          { title: 'Set by', text: (one) => one.created_by },
          { title: 'Set', text: (one) => one.created_at, show: (one) => <Ago at={one.created_at} /> },
        ]}
      />
    </>
  );
}

interface EditProps {
  name: string;
  text: string;
  isNew: boolean;
  reload: () => void;
}

function Edit({ name, text, isNew, reload }: EditProps) {
  const [edited, setEdited] = useState({ of: text, yaml: text });
  // Once a new version is set, what was edited of the one before is over.
  const yaml = edited.of === text ? edited.yaml : text;
  const [error, setError] = useState<Error>();
  const [told, setTold] = useState('');
  const set = async (): Promise<void> => {
    setError(undefined);
    setTold('');
    const body = (parse(yaml) ?? {}) as BrandProfile;
    const { is_new, brand } = await client.call('PUT /brands/{name}', { path: { name }, body });
    setTold(is_new ? `Version ${brand.version} is set.` : 'It says so already.');
    reload();
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void set().catch((cause: unknown) => setError(toError(cause)));
      }}
    >
      <label>
        Profile, as YAML
        <textarea
          class="code"
          rows={18}
          spellcheck={false}
          value={yaml}
          onInput={(event) => setEdited({ of: text, yaml: event.currentTarget.value })}
        />
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={!isNew && yaml === text}>
          {isNew ? 'Set it' : 'Set a new version'}
        </button>
        <span role="status" class="soft">
          {told}
        </span>
      </div>
      {error === undefined ? null : <Trouble error={error} />}
    </form>
  );
}
