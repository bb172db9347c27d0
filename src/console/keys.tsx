/** The keyboard: `?` lists the keys, `/` or Ctrl-K opens a list of pages to go to by typing. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { pages } from './pages/index.ts';
import { linkTo } from './app/route.ts';

const KEYS: readonly [keys: string, does: string][] = [
  ['/ or Ctrl-K', 'go to a page, or to a run, a prediction or a text by its id'],
  ['?', 'show these keys'],
  ['Esc', 'close'],
  ['a, e, r', 'in Review: accept, edit, reject'],
  ['b, w', 'in Review: better or worse than the text beside it'],
  ['n, p', 'in Review: the next text, the one before'],
  ['m', 'in Review: take the text, or give it back'],
  ['Ctrl-Enter', 'in Review: accept as edited'],
];

type Open = 'none' | 'palette' | 'help';

export function Keys() {
  const [open, setOpen] = useState<Open>('none');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isCommand = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
      const types =
        event.target instanceof Element && event.target.closest('input, textarea, select') !== null;
      if (isCommand || (!types && event.key === '/')) setOpen('palette');
      else if (!types && event.key === '?') setOpen('help');
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  useEffect(() => {
    if (open === 'none') dialog.current?.close();
    else if (dialog.current?.open === false) dialog.current.showModal();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={() => setOpen('none')} aria-label={open === 'help' ? 'Keys' : 'Go to'}>
      {open === 'help' ? <Help /> : open === 'palette' ? <Palette close={() => setOpen('none')} /> : null}
    </dialog>
  );
}

function Help() {
  return (
    <table>
      <tbody>
        {KEYS.map(([keys, does]) => (
          <tr key={keys}>
            <th scope="row">
              <kbd>{keys}</kbd>
            </th>
            <td>{does}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Palette({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = Object.entries(pages).filter(
    ([, { title, under }]) => under === undefined && title.toLowerCase().includes(wanted),
  );
  const go = (): void => {
    const [first] = found;
    if (first !== undefined) location.hash = linkTo(first[0]);
    else if (/^[0-9a-f]{32}/.test(wanted)) location.hash = linkTo('receipt', [wanted.slice(0, 32)]);
    else if (wanted !== '') location.hash = linkTo('run', [wanted]);
    close();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <label>
        Go to{' '}
        <input
          autofocus
          value={text}
          placeholder="a page, or an id"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <ul>
        {found.map(([name, { title }]) => (
          <li key={name}>
            <a href={linkTo(name)} onClick={close}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </form>
  );
}
