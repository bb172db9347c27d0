/** What a call takes and answers, by its method and path: `'POST /runs/{id}/replay'`. */
import type { Api } from './api.ts';
import type { CallOptions } from './caller.ts';

export type Operation = keyof Api;
export type Answer<K extends Operation> = PartOf<K, 'answer', undefined>;
export type Body<K extends Operation> = NonNullable<PartOf<K, 'body', undefined>>;
export type Query<K extends Operation> = PartOf<K, 'query', {}>;

/** What an operation says of one of its parts; `None` where it says nothing. */
type PartOf<K extends Operation, Name extends string, None> =
  Api[K] extends Readonly<Record<Name, infer T>> ? T : None;

/** A part may be left out where nothing in it is needed. */
type Part<Name extends string, T> =
  Partial<T> extends T ? { [K in Name]?: T } : undefined extends T ? { [K in Name]?: T } : { [K in Name]: T };

export type Parts<K extends Operation> = Part<'path', PartOf<K, 'path', {}>> &
  Part<'query', Query<K>> &
  Part<'body', PartOf<K, 'body', undefined>> &
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
