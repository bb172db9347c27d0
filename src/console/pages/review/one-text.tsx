/** One text beside the product that it was written for, and what may be done with it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { linkTo } from '../../app/route.ts';
import { useMyName } from '../../app/sign-in.tsx';
import { ChangedWords } from '../../parts/changed-words.tsx';
import { Ago } from '../../parts/time.tsx';
import { KeepExample } from '../brands/keep-example.tsx';
import { toError, Trouble } from '../../parts/trouble.tsx';
import type { Answer } from '../../../client/index.ts';

export type ReviewText = Answer<'GET /texts'>['texts'][number];

interface Props {
  text: ReviewText;
  isEditing: boolean;
  /** Absent for whoever may only look. */
  onDecide: ((state: 'approved' | 'rejected', edited?: string) => void) | undefined;
  onEdit: (isEditing: boolean) => void;
  onAssign: (assignee: string | null) => void;
  reviewers: readonly string[];
}

export function OneText({ text, isEditing, onDecide, onEdit, onAssign, reviewers }: Props) {
  return (
    <article class="panel" aria-label="Text to review">
      <p class="soft">
        {text.field.replaceAll('_', ' ')}
        {text.score === null ? null : <>, score {text.score.toFixed(2)}</>}
        {text.changed_by === null ? null : (
          <span class="foreign">
            , sent by {text.changed_by} <Ago at={text.changed_at} />
          </span>
        )}
        {text.assignee === null || onDecide !== undefined ? null : (
          <span class="foreign">, with {text.assignee}</span>
        )}
        . <a href={linkTo('receipt', [text.prediction_id])}>Receipt</a>
      </p>
      {isEditing && onDecide !== undefined ? (
        <Editor
          text={text}
          onDone={(edited) => onDecide('approved', edited)}
          onCancel={() => onEdit(false)}
        />
      ) : (
        <>
          <p class="text large foreign" dir="auto">
            {text.edited ? <ChangedWords before={text.original} after={text.text} /> : text.text}
          </p>
          {onDecide === undefined ? null : (
            <div class="row">
              <button type="button" class="primary" onClick={() => onDecide('approved')}>
                Accept <kbd>a</kbd>
              </button>
              <button type="button" onClick={() => onEdit(true)}>
                Edit <kbd>e</kbd>
              </button>
              <button type="button" onClick={() => onDecide('rejected')}>
                Reject <kbd>r</kbd>
              </button>
              <Assignee assignee={text.assignee} reviewers={reviewers} onAssign={onAssign} />
              <span class="soft">
                <kbd>n</kbd> next, <kbd>p</kbd> previous, <kbd>m</kbd> mine or not
              </span>
            </div>
          )}
        </>
      )}
      <div class="beside-each-other">
        <KeepExample field={text.field} text={text.text} />
        <Comments text={text} mayWrite={onDecide !== undefined} />
      </div>
    </article>
  );
}

interface AssigneeProps {
  assignee: string | null;
  /** Whom one knows of to give it to. */
  reviewers: readonly string[];
  onAssign: (assignee: string | null) => void;
}

/** Who has the text: one of those who review here, or nobody. */
function Assignee({ assignee, reviewers, onAssign }: AssigneeProps) {
  const me = useMyName();
  const names = [...new Set([me, ...(assignee === null ? [] : [assignee]), ...reviewers])];
  return (
    <label>
      With{' '}
      <select
        value={assignee ?? ''}
        onChange={({ currentTarget: { value } }) => onAssign(value === '' ? null : value)}
      >
        <option value="">nobody</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name === me ? `me (${name})` : name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What the text was written from. */
export function ItsProduct({ product }: { product: ReviewText['product'] }) {
  return (
    <aside class="panel" aria-label="Its product">
      <p class="soft">Its product</p>
      <p class="foreign" dir="auto">
        <strong>{product.title}</strong>
      </p>
      <p class="foreign" dir="auto">
        {product.description}
      </p>
    </aside>
  );
}

interface EditorProps {
  text: ReviewText;
  onDone: (edited: string) => void;
  onCancel: () => void;
}

function Editor({ text, onDone, onCancel }: EditorProps) {
  const [edited, setEdited] = useState(text.text);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(edited);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onCancel();
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && edited.trim() !== '') onDone(edited);
      }}
    >
      <label>
        The text as it should be
        <textarea
          ref={area}
          dir="auto"
          rows={3}
          required
          value={edited}
          onInput={(event) => setEdited(event.currentTarget.value)}
        />
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={edited.trim() === ''}>
          Accept as edited <kbd>Ctrl-Enter</kbd>
        </button>
        <button type="button" onClick={onCancel}>
          Leave it <kbd>Esc</kbd>
        </button>
      </div>
    </form>
  );
}

function Comments({ text, mayWrite }: { text: ReviewText; mayWrite: boolean }) {
  const [history, setHistory] = useState<readonly { kind: string; told: string; by: string; at: string }[]>();
  const [comment, setComment] = useState('');
  const [error, setError] = useState<Error>();
  const path = { text_id: text.text_id };
  const load = async (): Promise<void> => {
    setHistory((await client.call('GET /texts/{text_id}', { path })).history);
  };
  const send = async (): Promise<void> => {
    await client.call('POST /texts/{text_id}/comments', { path, body: { comment } });
    setComment('');
    await load();
  };
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open) void load().catch((cause: unknown) => setError(toError(cause)));
      }}
    >
      <summary>History and comments</summary>
      <ol class="timeline">
        {history?.map(({ kind, told, by, at }) => (
          <li key={at + told} class="foreign">
            <Ago at={at} /> {by}:{' '}
            {kind === 'assigned' ? `given to ${told || 'nobody'}` : told.replaceAll('_', ' ')}
          </li>
        ))}
      </ol>
      {mayWrite ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            void send().catch((cause: unknown) => setError(toError(cause)));
          }}
        >
          <input
            aria-label="Comment"
            required
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
          <button type="submit" disabled={comment.trim() === ''}>
            Comment
          </button>
        </form>
      ) : null}
      {error === undefined ? null : <Trouble error={error} />}
    </details>
  );
}
