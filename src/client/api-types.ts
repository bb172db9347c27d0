/** What a call takes and answers, by its method and path: `'POST /runs/{id}/replay'`. */
import type { Api } from './api.ts';
import type { CallOptions } from './caller.ts';

export type Operation = keyof Api;
export type Answer<K extends Operation> = Api[K]['answer'];
export type Body<K extends Operation> = NonNullable<Api[K]['body']>;
export type Query<K extends Operation> = Api[K]['query'];

/** A part may be left out where nothing in it is needed. */
type Part<Name extends string, T> =
  Partial<T> extends T ? { [K in Name]?: T } : undefined extends T ? { [K in Name]?: T } : { [K in Name]: T };

export type Parts<K extends Operation> = Part<'path', Api[K]['path']> &
  Part<'query', Api[K]['query']> &
  Part<'body', Api[K]['body']> &
  CallOptions & {
    headers?: Readonly<Record<string, string>> | undefined;
    /** Whether doing it twice is doing it once; true of GET, PUT and DELETE when left out. */
    isRepeatable?: boolean | undefined;
  };

/** Calls an operation of the server's /openapi.json. @throws ApiError */
export type Call = <K extends Operation>(
  operation: K,
  ...parts: Partial<Parts<K>> extends Parts<K> ? [parts?: Parts<K>] : [parts: Parts<K>]
) => Promise<Answer<K>>;
