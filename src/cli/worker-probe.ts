/**
 * What a probe and Prometheus ask of a worker: a port of its own, which needs neither PostgreSQL nor the
 * queues to answer.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { httpOrigin } from '../core/http-origin.ts';
import type { Closable } from '../core/resources.ts';
import { addLogMetrics } from '../server/index.ts';
import type { Services } from './services.ts';

/**
 * `/health` answers while the process lives, `/ready` until it is asked to stop, `/metrics` in the format of
 * Prometheus.
 * @param options.signal aborted when the worker is asked to stop
 * @throws AppError `unavailable` when the port cannot be bound
 */
export async function openWorkerProbe(options: {
  address: Config['worker'];
  logHealth: Services['logHealth'];
  signal: AbortSignal;
}): Promise<Closable & { url: string | undefined }> {
  const { address, logHealth, signal } = options;
  const { host, port } = address;
  if (port === null) return { url: undefined, close: () => undefined };
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'copyloop_' });
  addLogMetrics(registry, logHealth);
  const http = createServer((request, response) => {
    const send = (status: number, body: string, type = 'application/json'): void => {
      response.writeHead(status, { 'content-type': type });
      response.end(body);
    };
    // A URL of it may throw, and with it the worker would end: `//` is enough.
    const [place] = (request.url ?? '/').split('?', 1);
    if (place === '/metrics')
      void registry.metrics().then(
        (page) => send(200, page, registry.contentType),
        () => send(500, ''),
      );
    else if (place === '/ready' && signal.aborted) send(503, JSON.stringify({ status: 'stopping' }));
    else if (place === '/health' || place === '/ready')
      send(200, JSON.stringify({ status: 'healthy', uptime_seconds: Math.round(process.uptime()) }));
    else send(404, JSON.stringify({ status: 'error' }));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause) =>
      reject(
        new AppError(
          'unavailable',
          `cannot listen on ${host}:${port} (worker.host, worker.port): ${cause.message}`,
          { cause },
        ),
      ),
    );
    http.listen(port, host, resolve);
  });
  return {
    url: httpOrigin(host, (http.address() as AddressInfo).port),
    close: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
