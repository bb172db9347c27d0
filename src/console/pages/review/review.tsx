/** Texts that wait for a person, one at a time, by keyboard; and many at once above a score. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, type PageProps, type Route } from '../../app/route.ts';
import { useMay, useMyName } from '../../app/sign-in.tsx';
import { toError, Trouble, Waiting } from '../../parts/trouble.tsx';
import { TakeMany } from './take-many.tsx';
import { Beside, findBeside, pairOf } from './beside.tsx';
import { ItsProduct, OneText, type ReviewText } from './one-text.tsx';

const PAGE_SIZE = 100;

export default function Review({ route }: PageProps) {
  const me = useMyName();
  const mayDecide = useMay('writer');
  const field = route.query.get('field') ?? undefined;
  const whose = route.query.get('whose');
  const assignee = whose === 'mine' ? me : whose === 'nobody' ? '' : undefined;
  const filters = { field, assignee };
  const { data, error, reload } = useLive(JSON.stringify(filters), ['texts'], async () =>
    client.call('GET /texts', { query: { state: 'in_review', limit: PAGE_SIZE, ...filters } }),
  );
  const known = useLive('reviewers', [], async () =>
    mayDecide ? await client.call('GET /reviewers', {}) : { reviewers: [] },
  );
  // Decided here and still in the list that was read before.
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState(0);
  const [notice, setNotice] = useState('');
  const [trouble, setTrouble] = useState<Error>();
  const [isEditing, setEditing] = useState(false);
  const [compared, setCompared] = useState<ReadonlySet<string>>(new Set());

  const left = (data?.texts ?? []).filter(({ text_id }) => !gone.has(text_id));
  const place = Math.min(at, Math.max(0, left.length - 1));
  const current = left[place];
  const beside = current === undefined ? undefined : findBeside(current, left, compared);
  const count = Math.max(
    left.length,
    (data?.count ?? 0) - (data === undefined ? 0 : data.texts.length - left.length),
  );
  const isRunningOut = data !== undefined && left.length === 0 && data.count > data.texts.length;
  useEffect(() => {
    if (isRunningOut) reload();
  }, [isRunningOut, reload]);

  const decide = async (text: ReviewText, state: 'approved' | 'rejected', edited?: string): Promise<void> => {
    setTrouble(undefined);
    setEditing(false);
    setGone((old) => new Set(old).add(text.text_id));
    try {
      await client.call('POST /texts/{text_id}/state', {
        path: { text_id: text.text_id },
        body: { state, from: 'in_review', ...(edited === undefined ? {} : { edited_text: edited }) },
      });
      setNotice(
        `${edited === undefined ? (state === 'approved' ? 'Accepted' : 'Rejected') : 'Accepted as edited'}: ${text.text.slice(0, 80)}`,
      );
    } catch (cause) {
      const refused = toError(cause);
      setTrouble(refused);
      // Whoever was there first has decided; anything else leaves the text to be decided.
      if (!(refused instanceof ApiError) || refused.code !== 'conflict')
        setGone((old) => new Set([...old].filter((id) => id !== text.text_id)));
    }
  };
  const assign = async (text: ReviewText, assignee: string | null): Promise<void> => {
    await client.call('POST /texts/{text_id}/assignee', {
      path: { text_id: text.text_id },
      body: { assignee },
    });
    setNotice(assignee === null ? 'Given back' : `Given to ${assignee}`);
    reload();
  };

  const judge = async (text: ReviewText, other: ReviewText, isBetter: boolean): Promise<void> => {
    setTrouble(undefined);
    const [better, worse] = isBetter ? [text, other] : [other, text];
    const pair = pairOf(text, other);
    // At once: a second key would say the opposite of the same two.
    setCompared((old) => new Set(old).add(pair));
    try {
      await client.call('POST /texts/pairs', { body: { better: better.text_id, worse: worse.text_id } });
    } catch (cause) {
      setCompared((old) => new Set([...old].filter((each) => each !== pair)));
      throw cause;
    }
    setNotice(`Better: ${better.text.slice(0, 80)}`);
  };
  const judgeBeside = (isBetter: boolean): void => {
    if (current === undefined || beside === undefined || !mayDecide || isEditing) return;
    void judge(current, beside, isBetter).catch((cause: unknown) => setTrouble(toError(cause)));
  };

  const actions: Readonly<Record<string, () => void>> = {
    a: () => current !== undefined && mayDecide && void decide(current, 'approved'),
    r: () => current !== undefined && mayDecide && void decide(current, 'rejected'),
    e: () => mayDecide && setEditing(true),
    m: () =>
      current !== undefined &&
      mayDecide &&
      void assign(current, current.assignee === me ? null : me).catch(setTrouble),
    b: () => judgeBeside(true),
    w: () => judgeBeside(false),
    n: () => setAt(Math.min(place + 1, Math.max(0, left.length - 1))),
    p: () => setAt(Math.max(0, place - 1)),
  };
  useKeys(actions);

  return (
    <>
      <div class="row">
        <h1>Review</h1>
        <Filters route={route} />
      </div>
      <p role="status" class="soft foreign">
        {notice}
      </p>
      {trouble === undefined ? null : <Trouble error={trouble} />}
      {data === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : current === undefined ? (
        <p>
          Nothing waits for a person. <a href="#/studio">The Studio</a> sends texts here, and so does{' '}
          <code>POST /texts/state</code>.
        </p>
      ) : (
        <>
          <p>
            <strong>{count}</strong> to review, this is {place + 1}
          </p>
          <div class="split wide-first">
            <div>
              <OneText
                key={current.text_id}
                text={current}
                isEditing={isEditing}
                onDecide={mayDecide ? (state, edited) => void decide(current, state, edited) : undefined}
                onEdit={setEditing}
                reviewers={known.data?.reviewers ?? []}
                onAssign={(assignee) => void assign(current, assignee).catch(setTrouble)}
              />
              {beside === undefined || !mayDecide || isEditing ? null : (
                <Beside other={beside} onJudge={judgeBeside} />
              )}
            </div>
            <ItsProduct product={current.product} />
          </div>
          {mayDecide ? (
            <TakeMany
              filters={filters}
              onTaken={(told) => {
                setNotice(told);
                reload();
              }}
            />
          ) : null}
        </>
      )}
    </>
  );
}

/** Letters as commands, where nobody is typing. */
function useKeys(actions: Readonly<Record<string, () => void>>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null)
        return;
      const act = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function Filters({ route }: { route: Route }) {
  return (
    <>
      <label>
        Field{' '}
        <input
          value={route.query.get('field') ?? ''}
          placeholder="all"
          onChange={(event) => changeQuery(route, { field: event.currentTarget.value.trim() })}
        />
      </label>
      <label>
        Whose{' '}
        <select
          value={route.query.get('whose') ?? ''}
          onChange={(event) => changeQuery(route, { whose: event.currentTarget.value })}
        >
          <option value="">everybody's</option>
          <option value="mine">mine</option>
          <option value="nobody">nobody's</option>
        </select>
      </label>
    </>
  );
}
