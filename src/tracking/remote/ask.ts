/** One request to the remote server, its answer read by a schema. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Page, SearchOptions } from '../entities.ts';
import type { MlflowConnection, RemoteCall } from './connection.ts';

/** Protobuf does not tell empty from unset. */
const nextPageToken = z
  .string()
  .nullish()
  .transform((token) => (token === '' || token === null ? undefined : token));

/** @throws AppError `unavailable` for an answer that is not the protocol's, and what the connection throws */
export async function ask<T extends z.ZodType>(
  connection: MlflowConnection,
  call: RemoteCall,
  schema: T,
): Promise<z.output<T>> {
  const answer = schema.safeParse(await connection.call(call));
  if (answer.success) return answer.data;
  throw new AppError(
    'unavailable',
    `${connection.address} answered ${call.method} ${call.path} with something else than MLflow does: ${z.prettifyError(answer.error)}`,
    { cause: answer.error },
  );
}

/** For requests whose answer is empty. */
export async function tell(connection: MlflowConnection, call: RemoteCall): Promise<void> {
  await connection.call(call);
}

/** A page of `items`, which the answer names `field`. */
export async function askPage<T extends z.ZodType>(
  connection: MlflowConnection,
  call: RemoteCall,
  field: string,
  item: T,
): Promise<Page<z.output<T>>> {
  const page = z.preprocess(
    (answer) => {
      const { [field]: items, next_page_token } = (answer ?? {}) as Record<string, unknown>;
      return { items, nextPageToken: next_page_token };
    },
    z.object({ items: z.array(item).default([]), nextPageToken }),
  );
  return await ask(connection, call, page);
}

export function renderSearch({ filter, orderBy, maxResults, pageToken }: SearchOptions) {
  return { filter, order_by: orderBy, max_results: maxResults, page_token: pageToken };
}
