/** Bull Board at /queues: the jobs of the five stages as they are in the backend. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { Hono } from 'hono';
import type { StageQueues } from '../../queues/index.ts';
import { handleError } from '../http/index.ts';

export const QUEUE_BOARD_PATH = '/queues';

export function createQueueBoard(queues: StageQueues['queues']): Hono {
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
  return board;
}
