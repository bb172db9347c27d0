/** Bull Board at /queues: the jobs of the five stages as they are in the backend. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { StageQueues } from '../../queues/index.ts';
import { addressOf, createRouter, handleError, type Router } from '../http/index.ts';

export const QUEUE_BOARD_PATH = '/queues';

/**
 * The page's fonts come from elsewhere, which the content policy forbids: without them it takes the system's.
 */
const FONTS = /<link href="https:[^>]*>/gu;
const BASE = /<base href="[^"]*"/u;

export function createQueueBoard(queues: StageQueues['queues']): Router {
  const adapter = new HonoAdapter(serveStatic).setBasePath(QUEUE_BOARD_PATH);
  createBullBoard({
    queues: [...queues.values()].map((queue) => new BullMQAdapter(queue)),
    // The adapter brings its own copy of the types, whose private fields make them another type.
    serverAdapter: adapter as unknown as IServerAdapter,
    options: { uiConfig: { boardTitle: 'copyloop queues' } },
  });
  const board = adapter.registerPlugin();
  // Of another copy of Hono, whose own handler would answer our not-found with 500 and print its stack.
  board.onError(handleError as unknown as Parameters<typeof board.onError>[0]);
  const router = createRouter();
  router.use(async function fitPage(c, next) {
    await next();
    if (c.res.headers.get('content-type')?.startsWith('text/html') !== true) return;
    const page = (await c.res.text())
      .replace(FONTS, '')
      .replace(BASE, `<base href="${addressOf(c, QUEUE_BOARD_PATH)}/"`);
    c.res = new Response(page, c.res);
  });
  return router.route('/', board as unknown as Router);
}
