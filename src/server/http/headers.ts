/**
 * Sets a header of the answer. On the socket's own answer where there is one: a header on Hono's context
 * makes it build a `Headers` object for each request, which costs more than everything else that a request
 * passes on its way to a route.
 */
import type { Context } from 'hono';
import type { AppEnv } from './router.ts';

export function setHeader(c: Context<AppEnv>, name: string, value: string): void {
  const { outgoing } = c.env ?? {};
  if (outgoing === undefined) c.header(name, value);
  else if (!outgoing.headersSent) outgoing.setHeader(name, value);
}
