/**
 * `/openapi.json` and the page at `/docs` to try the API. Its three files are our own: Swagger UI's would
 * come from a CDN.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from 'hono';
import { packageRoot } from '../../core/paths.ts';
import { addressOf, createRouter, type AppEnv, type Router } from '../http/index.ts';

const FOLDER = path.join(packageRoot, 'assets', 'api-page');
const ANYONE_OR_KEY: Record<string, string[]>[] = [{}, { bearer: [] }];
const FILES = [
  { path: '/docs', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/docs/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
  { path: '/docs/page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
] as const;

/** Registers both on the app itself, whose routes the document describes. */
export function addApiPage(app: Router, version: string): void {
  app.doc31('/openapi.json', (c: Context<AppEnv>) => ({
    openapi: '3.1.0',
    info: {
      title: 'copyloop',
      version,
      description:
        'The closed loop for marketing copy: records in, models trained, the champion served, feedback back in.',
    },
    security: ANYONE_OR_KEY,
    ...(addressOf(c, '') !== '' && { servers: [{ url: addressOf(c, '') }] }),
  }));
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.route('/', createPageRoutes());
}

function createPageRoutes(): Router {
  const router = createRouter();
  for (const page of FILES) {
    router.get(page.path, async function showPage(c) {
      return c.body(await readFile(path.join(FOLDER, page.file)), 200, { 'Content-Type': page.type });
    });
  }
  return router;
}
