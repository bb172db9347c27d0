/** Keeps a text among the examples of a brand: writers that can follow a voice are shown them. */
import { useEffect, useState } from 'preact/hooks';
import type { Answer, Body } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';

type Brands = Answer<'GET /brands'>['brands'];
type BrandProfile = Body<'PUT /brands/{name}'>;

export function KeepExample({ field, text }: { field: string; text: string }) {
  const mayKeep = useMay('writer');
  const [brands, setBrands] = useState<Brands>();
  const [name, setName] = useState('');
  const [told, setTold] = useState('');
  const [error, setError] = useState<Error>();
  const fail = (cause: unknown): void => setError(toError(cause));
  // What was kept is another text than the one that stands here now.
  useEffect(() => setTold(''), [text]);
  if (!mayKeep) return null;
  const load = async (): Promise<void> => {
    const found = (await client.call('GET /brands', {})).brands;
    setBrands(found);
    setName(found[0]?.name ?? '');
  };
  const keep = async (): Promise<void> => {
    setError(undefined);
    setTold('');
    const path = { name };
    const { brand } = await client.call('GET /brands/{name}', { path });
    const profile = brand.profile as BrandProfile;
    const examples = [...(profile.examples ?? []), { field, text }];
    const { is_new, brand: kept } = await client.call('PUT /brands/{name}', {
      path,
      body: { ...profile, examples },
    });
    setTold(is_new ? `Kept in version ${kept.version} of ${name}` : `${name} has it already`);
  };
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open && brands === undefined) void load().catch(fail);
      }}
    >
      <summary>Keep as an example</summary>
      {brands === undefined ? null : brands.length === 0 ? (
        <p class="soft">
          There is no brand yet. <a href={linkTo('brands')}>Describe one</a>, and writers follow it.
        </p>
      ) : (
        <div class="row">
          <label>
            Of the brand{' '}
            <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
              {brands.map((brand) => (
                <option key={brand.name} value={brand.name}>
                  {brand.title ?? brand.name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" onClick={() => void keep().catch(fail)}>
            Keep
          </button>
          <span role="status" class="soft foreign">
            {told}
          </span>
        </div>
      )}
      {error === undefined ? null : <Trouble error={error} />}
    </details>
  );
}
