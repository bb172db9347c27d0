/** What to do with a champion that has just begun to serve. */
import { linkTo } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';

const EXAMPLE = {
  title: 'Oak Tea Tray',
  description: 'Solid oak with two handles. Carries eight cups and wipes clean.',
};

export function FirstSteps() {
  const mayMakeKeys = useMay('admin');
  return (
    <>
      <h2>Where to begin</h2>
      <ul class="plain steps">
        <li>
          <a href={linkTo('studio', [], EXAMPLE)}>Try a product</a>{' '}
          <span class="soft">in the Studio: accept, edit or reject what it writes</span>
        </li>
        <li>
          <a href={linkTo('catalogues')}>Import a file of your own</a>{' '}
          <span class="soft">or the sample that is at hand there</span>
        </li>
        <li>
          <a href={linkTo('brands')}>Describe your brand</a>{' '}
          <span class="soft">
            so that every text keeps its rules; a writer is connected with copy.writers
          </span>
        </li>
        {mayMakeKeys ? (
          <li>
            <a href={linkTo('admin')}>Make a key</a> <span class="soft">for your shop to ask for copy</span>
          </li>
        ) : null}
      </ul>
    </>
  );
}
