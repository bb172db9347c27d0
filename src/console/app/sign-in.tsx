/**
 * Where the server asks for API keys: one is exchanged for a cookie, so that scripts of the page never hold
 * it.
 */
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { Trouble } from '../parts/trouble.tsx';
import { client, noteSignedIn, onSignedOut } from './api.ts';

export type Session = Awaited<ReturnType<typeof readSession>>;

const readSession = async () => await client.call('GET /session', {});

const Signed = createContext<Session | undefined>(undefined);

type Role = NonNullable<Session['key']>['role'];
const ROLES: readonly Role[] = ['reader', 'writer', 'admin'];

/** What whoever looks may do: a button that one may not press is not shown. */
export function useMay(needed: Role): boolean {
  const key = useContext(Signed)?.key;
  // Where no keys are asked for, whoever reaches the server is its one user.
  return key === undefined || key === null || ROLES.indexOf(key.role) >= ROLES.indexOf(needed);
}

/** The name by which texts are given to whoever looks. */
export function useMyName(): string {
  return useContext(Signed)?.key?.name ?? 'local user';
}

/** Shows its children to whoever may see them. */
export function SignedIn({ children }: { children: (session: Session) => ComponentChildren }) {
  const [session, setSession] = useState<Session>();
  const [error, setError] = useState<Error>();
  const load = (): void => {
    setError(undefined);
    readSession().then(setSession, setError);
  };
  useEffect(load, []);
  if (session === undefined)
    return <main>{error === undefined ? null : <Trouble error={error} retry={load} />}</main>;
  if (session.needed && session.key === null) return <SignIn onDone={setSession} signOn={session.sign_on} />;
  return (
    <Signed.Provider value={session}>
      {children(session)}
      {session.needed ? <SignInAgain onDone={setSession} /> : null}
    </Signed.Provider>
  );
}

/**
 * Asks for a key over the page when a sign-in has ended, by its time or because its key was revoked. The page
 * stays as it is below, with what was typed in it.
 */
function SignInAgain({ onDone }: { onDone: (session: Session) => void }) {
  const [needed, setNeeded] = useState<Session>();
  const dialog = useRef<HTMLDialogElement>(null);
  const look = (): void => void readSession().then(take, () => undefined);
  const take = (session: Session): void => {
    if (session.key === null) return setNeeded(session);
    setNeeded(undefined);
    onDone(session);
    noteSignedIn();
  };
  useEffect(() => onSignedOut(look), []);
  useEffect(() => {
    if (needed === undefined) return undefined;
    dialog.current?.showModal();
    // The organisation's sign-in is another tab: whoever comes back may have signed in there.
    addEventListener('focus', look);
    return () => removeEventListener('focus', look);
  }, [needed !== undefined]);
  if (needed === undefined) return null;
  return (
    <dialog ref={dialog} aria-labelledby="sign-in-again" onCancel={(event) => event.preventDefault()}>
      <h2 id="sign-in-again">Your sign-in has ended</h2>
      <p class="soft">Sign in again to go on: what you have typed is kept.</p>
      <SignInForm signOn={needed.sign_on} isAgain onDone={take} />
    </dialog>
  );
}

function SignIn({ onDone, signOn }: { onDone: (session: Session) => void; signOn: string | null }) {
  return (
    <main class="sign-in">
      <h1>copyloop</h1>
      <SignInForm onDone={onDone} signOn={signOn} />
    </main>
  );
}

interface FormProps {
  onDone: (session: Session) => void;
  signOn: string | null;
  /** Over a page that is to stay. */
  isAgain?: boolean;
}

function SignInForm({ onDone, signOn, isAgain = false }: FormProps) {
  const [key, setKey] = useState('');
  const [error, setError] = useState<Error>();
  const signIn = async (): Promise<void> => {
    setError(undefined);
    onDone(await client.call('POST /session', { body: { key: key.trim() } }));
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void signIn().catch(setError);
      }}
    >
      <label>
        API key
        <input
          type="password"
          autocomplete="current-password"
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        Sign in
      </button>
      {error === undefined ? null : <Trouble error={error} />}
      {signOn === null ? null : (
        <a href={signOn.slice(1)} target={isAgain ? '_blank' : undefined}>
          Sign in with your organisation
        </a>
      )}
      <p class="soft">
        <code>copyloop keys create --name NAME</code> makes a key.
      </p>
    </form>
  );
}

export function SignOut({ session }: { session: Session }) {
  if (session.key === null) return null;
  const signOut = async (): Promise<void> => {
    await client.call('DELETE /session', {});
    location.reload();
  };
  return (
    <p class="soft foreign">
      {session.key.name} ({session.key.role}){' '}
      <button type="button" class="quiet" onClick={() => void signOut()}>
        sign out
      </button>
    </p>
  );
}
