/** `GET /events`: server-sent events that name which list changed; whoever shows it reads it again. */
import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { SECOND_MS, sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { TOPICS, type Change, type ChangeFeed } from '../events/change-feed.ts';
import { createRoutes, route, type Router } from '../http/index.ts';

/** Each watcher holds a connection. */
const MAX_WATCHERS = 200;
/** Proxies end connections on which nothing is sent. */
const HEARTBEAT_MS = 15 * SECOND_MS;

const eventSchema = z
  .object({ event: z.enum(TOPICS), data: z.enum(TOPICS), id: z.string().optional() })
  .openapi('Event');

/** @param leaving ends every stream: whoever watches comes back, to another server */
export function createEventRoutes(feed: ChangeFeed, leaving: AbortSignal): Router {
  let watchers = 0;
  return createRoutes('events', [
    route('GET /events', {
      summary: 'Changes as they happen, as server-sent events: `event` is the topic',
      query: z.strictObject({
        topics: z
          .string()
          .max(200)
          .default(TOPICS.join(','))
          .openapi({ description: `any of ${TOPICS.join(', ')}, with commas between them` }),
      }),
      headers: z.object({ 'last-event-id': z.string().max(100).optional() }),
      answer: {
        description: 'the changes; after a lost connection `Last-Event-ID` brings what was missed',
        content: { 'text/event-stream': { schema: eventSchema } },
      },
      refusals: { 503: 'too many are watching already' },
      handle: async ({ query: { topics }, headers, c }) => {
        const wanted = readTopics(topics);
        if (watchers >= MAX_WATCHERS)
          throw new AppError(
            'unavailable',
            `${MAX_WATCHERS} connections watch for events already: ask again later`,
          );
        const lastId = headers['last-event-id'];
        watchers += 1;
        // Proxies that buffer answers would keep events until there are enough of them.
        c.header('X-Accel-Buffering', 'no');
        return streamSSE(c, async (stream) => {
          const send = async ({ id, topic }: Change): Promise<void> => {
            if (wanted.has(topic)) await stream.writeSSE({ id, event: topic, data: topic });
          };
          const left = new AbortController();
          const over = AbortSignal.any([left.signal, leaving]);
          stream.onAbort(() => left.abort());
          const unsubscribe = feed.subscribe((change) => void send(change).catch(() => left.abort()));
          try {
            const missed = lastId === undefined ? [] : feed.since(lastId);
            // Of another server, or too long ago: every topic may have changed.
            if (missed === undefined)
              for (const topic of wanted) await stream.writeSSE({ event: topic, data: topic });
            else for (const change of missed) await send(change);
            while (!over.aborted) {
              await stream.write(': still here\n\n');
              await sleep(HEARTBEAT_MS, over).catch(() => undefined);
            }
          } finally {
            unsubscribe();
            watchers -= 1;
          }
        });
      },
    }),
  ]);
}

function readTopics(list: string): ReadonlySet<string> {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !TOPICS.some((topic) => topic === name));
  if (unknown !== undefined)
    throw new AppError('invalid-input', `there is no topic ${JSON.stringify(unknown)}: ${TOPICS.join(', ')}`);
  return new Set(names);
}
