/** Spans of statements, where they are part of something that is traced. */
import type { Client, PoolClient } from 'pg';
import { failSpan, SpanKind, startChildSpan, type Span } from '../core/trace.ts';

/** What the pool hands out is a `Client`, though its type does not say so. */
type Traced = PoolClient & Partial<Pick<Client, 'host' | 'port'>>;
type Done = (error: Error | undefined, ...rest: unknown[]) => void;

/** Replaces `query` of one connection; statements that are streams (COPY) pass as they are. */
export function traceQueries(client: Traced): void {
  const plain = client.query.bind(client) as (...given: unknown[]) => unknown;
  const traced = (...given: unknown[]): unknown => {
    const [statement] = given;
    const text = textOf(statement);
    const span = text === undefined ? undefined : startStatement(text, client);
    if (span === undefined) return plain(...given);
    const end = (thrown?: unknown): void => {
      if (thrown !== undefined && thrown !== null) failSpan(span, thrown);
      span.end();
    };
    const last = given.at(-1);
    if (typeof last === 'function') {
      const done: Done = (error, ...rest) => {
        end(error);
        (last as Done)(error, ...rest);
      };
      return plain(...given.slice(0, -1), done);
    }
    const answer = plain(...given);
    if (answer instanceof Promise)
      answer.then(
        () => end(),
        (thrown: unknown) => end(thrown),
      );
    else end();
    return answer;
  };
  client.query = traced as typeof client.query;
}

/** undefined for what is no text: a query object that sends itself. */
function textOf(statement: unknown): string | undefined {
  if (typeof statement === 'string') return statement;
  if (typeof statement !== 'object' || statement === null || 'submit' in statement) return undefined;
  return 'text' in statement && typeof statement.text === 'string' ? statement.text : undefined;
}

const MAX_TEXT_CHARS = 2000;

/** Values are parameters and never part of the text. */
function startStatement(text: string, client: Traced): Span | undefined {
  const plain = text.replace(/^\s*\/\*.*?\*\/\s*/, '').trim();
  const operation = /^\w+/.exec(plain)?.[0].toUpperCase() ?? 'STATEMENT';
  return startChildSpan(`postgresql ${operation}`, SpanKind.CLIENT, {
    'db.system.name': 'postgresql',
    'db.operation.name': operation,
    'db.query.text': plain.slice(0, MAX_TEXT_CHARS),
    ...(client.host !== undefined && { 'server.address': client.host }),
    ...(client.port !== undefined && { 'server.port': client.port }),
  });
}
