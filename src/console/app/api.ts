/**
 * The one client of the page: the typed client of the API, asked at the address that the page came from. A
 * call that is refused because the sign-in has ended waits for the next sign-in and is made again, so that
 * nothing is lost that was typed.
 */
import { createClient } from '../../client/index.ts';

export const baseUrl = new URL('.', document.baseURI).href;

/** Calls that wait for somebody to sign in again; who shows the form is told. */
const signIn = { needed: undefined as PromiseWithResolvers | undefined, onNeeded: () => undefined as void };

interface PromiseWithResolvers {
  done: Promise<void>;
  resolve: () => void;
}

/** Whether calls wait for a sign-in: there is no use in more of them. */
export const isSignedOut = (): boolean => signIn.needed !== undefined;

/** @returns what ends it */
export function onSignedOut(tell: () => void): () => void {
  signIn.onNeeded = tell;
  return () => {
    signIn.onNeeded = () => undefined;
  };
}

/** Lets the calls that waited go on. */
export function noteSignedIn(): void {
  signIn.needed?.resolve();
  signIn.needed = undefined;
}

function awaitSignIn(): Promise<void> {
  if (signIn.needed === undefined) {
    let resolve = (): void => undefined;
    const done = new Promise<void>((settle) => (resolve = settle));
    signIn.needed = { done, resolve };
    signIn.onNeeded();
  }
  return signIn.needed.done;
}

const isAboutSession = (input: RequestInfo | URL): boolean =>
  new URL(input instanceof Request ? input.url : input, baseUrl).pathname.endsWith('/session');

const fetchSignedIn: typeof fetch = async (input, init = {}) => {
  const answer = await fetch(input, init);
  if (answer.status !== 401 || isAboutSession(input)) return answer;
  await awaitSignIn();
  // Its time has run out while somebody looked for the key: what was to be changed is changed nevertheless.
  const isOver = init.signal?.aborted === true && init.method !== 'GET';
  return await fetch(input, isOver ? { ...init, signal: null } : init);
};

export const client = createClient({ url: baseUrl, fetch: fetchSignedIn });
