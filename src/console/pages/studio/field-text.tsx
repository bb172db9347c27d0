/** One text of a field: read, edited, exchanged for another, decided. */
import { useEffect, useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useMay } from '../../app/sign-in.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { KeepExample } from '../brands/keep-example.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';
import type { PredictAnswer } from '../../../client/index.ts';
import { ClaimedText, type Product, type Report } from './claimed-text.tsx';

/** A text that was offered for a field. */
export type Offered = PredictAnswer['alternatives'][string][number];

interface Props {
  field: string;
  offered: Offered;
  others: readonly Offered[];
  product: Product;
  /** Of the offered text; undefined until it was checked. */
  report: Report | undefined;
}

export function FieldText({ field, offered, others, product, report }: Props) {
  const [chosen, setChosen] = useState(offered);
  const [edited, setEdited] = useState<string>();
  const text = edited ?? chosen.text;
  const isAsOffered = text === offered.text;
  const live = useReport(isAsOffered ? undefined : { field, text }, product);
  const shown = isAsOffered ? report : live.report;
  const score = text === chosen.text ? chosen.score : (live.report?.score ?? null);
  const name = field.replaceAll('_', ' ').replace('.', ': ');
  return (
    <section class="panel" aria-label={name}>
      <div class="row">
        <h3>{name}</h3>
        <span class="soft at-end">{score === null ? 'not scored' : `score ${score.toFixed(2)}`}</span>
      </div>
      {shown === undefined ? null : <Length report={shown} name={name} />}
      {edited === undefined ? (
        <ClaimedText text={text} report={shown} product={product} />
      ) : (
        <textarea
          aria-label={`Text of ${name}`}
          dir="auto"
          rows={3}
          value={edited}
          onInput={(event) => setEdited(event.currentTarget.value)}
        />
      )}
      {shown?.finding === null || shown === undefined ? null : (
        <p class="warn">May not go out: {shown.finding.reason}.</p>
      )}
      {live.error === undefined ? null : <p class="warn foreign">Not checked: {live.error.message}</p>}
      <Decide
        key={chosen.text_id}
        textId={chosen.text_id}
        original={chosen.text}
        text={text}
        isEditing={edited !== undefined}
        onEdit={(isEditing) => setEdited(isEditing ? text : undefined)}
      />
      <div class="beside-each-other">
        <Others
          list={[offered, ...others].filter(({ text_id }) => text_id !== chosen.text_id)}
          onChoose={(other) => {
            setChosen(other);
            setEdited(undefined);
          }}
        />
        <KeepExample field={field} text={text} />
      </div>
    </section>
  );
}

const UNITS: Readonly<Record<string, string>> = {
  'x-weighted': 'characters as X counts',
  utf16: 'characters',
  'code-points': 'characters',
  'double-width': 'columns',
  'sms-parts': 'parts',
};

/** How much of the field's limit a text takes, in the platform's own count. */
function Length({ report: { used, unit, limits }, name }: { report: Report; name: string }) {
  const hard = limits.filter(({ kind }) => kind === 'hard');
  const max =
    hard.length > 0 ? Math.min(...hard.map((one) => one.max)) : Math.max(...limits.map((one) => one.max));
  const advised = limits.filter((one) => one.max < max);
  return (
    <span class={used > max ? 'bad' : 'soft'}>
      <meter min={0} max={max} value={Math.min(used, max)} high={max - 1} aria-label={`Length of ${name}`} />{' '}
      {used} of {max} {UNITS[unit] ?? unit}
      {advised.map((one) => (
        <span key={one.kind + String(one.max)}>
          , {one.kind} {one.max}
        </span>
      ))}
    </span>
  );
}

/** Long enough for a word to be typed. */
const PAUSE_MS = 350;

/** What stands against a text, asked for again as it changes; an answer that comes too late is dropped. */
function useReport(
  wanted: { field: string; text: string } | undefined,
  product: Product,
): { report?: Report | undefined; error?: Error } {
  const [state, setState] = useState<{ text?: string; report?: Report | undefined; error?: Error }>({});
  const text = wanted?.text;
  useEffect(() => {
    if (wanted === undefined || wanted.text.trim() === '') return undefined;
    const leave = new AbortController();
    const timer = setTimeout(() => {
      const body = { title: product.title, description: product.description, texts: [wanted] };
      client.call('POST /texts/check', { body, signal: leave.signal }).then(
        ({ texts: [report] }) => setState({ text: wanted.text, report }),
        (cause: unknown) => {
          if (!leave.signal.aborted) setState({ text: wanted.text, error: toError(cause) });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leave.abort();
    };
  }, [text]);
  return state.text === text ? state : {};
}

interface DecideProps {
  textId: string;
  original: string;
  text: string;
  isEditing: boolean;
  onEdit: (isEditing: boolean) => void;
}

const TOLD = { approved: 'accepted', rejected: 'rejected', in_review: 'sent to review' } as const;

function Decide({ textId, original, text, isEditing, onEdit }: DecideProps) {
  const mayDecide = useMay('writer');
  const [told, setTold] = useState('');
  const [error, setError] = useState<Error>();
  const isEdited = text !== original;
  const decide = async (state: keyof typeof TOLD): Promise<void> => {
    setError(undefined);
    await client.call('POST /texts/{text_id}/state', {
      path: { text_id: textId },
      body: { state, ...(isEdited && state !== 'rejected' ? { edited_text: text } : {}) },
    });
    setTold(state === 'approved' && isEdited ? 'edited' : TOLD[state]);
  };
  const button = (label: string, state: keyof typeof TOLD, kind?: string) => (
    <button
      type="button"
      class={kind}
      disabled={text.trim() === ''}
      onClick={() => void decide(state).catch((cause: unknown) => setError(toError(cause)))}
    >
      {label}
    </button>
  );
  return (
    <div class="row">
      {told !== '' ? (
        <p role="status">
          Noted: {told}.{' '}
          {told === TOLD.in_review ? <a href="#/review">Review</a> : 'The next run learns from it.'}
        </p>
      ) : mayDecide ? (
        <>
          {button(isEdited ? 'Take the edited text' : 'Accept', 'approved', 'primary')}
          {button('Reject', 'rejected')}
          {button('Send to review', 'in_review')}
          <button type="button" onClick={() => onEdit(!isEditing)}>
            {isEditing ? 'Leave as it was' : 'Edit'}
          </button>
        </>
      ) : null}
      <CopyButton text={text} />
      {error === undefined ? null : <Trouble error={error} />}
    </div>
  );
}

function Others({ list, onChoose }: { list: readonly Offered[]; onChoose: (other: Offered) => void }) {
  if (list.length === 0) return null;
  return (
    <details>
      <summary>{list.length} alternatives</summary>
      <ul class="plain long">
        {list.map((other) => (
          <li key={other.text_id} class="foreign" dir="auto">
            <span class="soft">{other.score === null ? '–' : other.score.toFixed(2)}</span> {other.text}{' '}
            <button
              type="button"
              class="quiet"
              onClick={() => onChoose(other)}
              aria-label={`Use: ${other.text.slice(0, 60)}`}
            >
              use
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
