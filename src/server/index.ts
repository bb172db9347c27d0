/**
 * The HTTP server.
 *
 *     const server = await openServer({ config, log, database, artifacts, tracking, queues, runs, clock:
 *     systemClock }); console.log(server.url); // http://127.0.0.1:8080 await server.close();
 */
export { createApiKey, keepApiKey, listApiKeys, revokeApiKey, rotateApiKey } from './keys/index.ts';
export { readPredictionReceipt, readVersionReceipt, renderReceipt } from './receipts/index.ts';
export { addLogMetrics } from './metrics.ts';
export { openServer, type Server } from './open-server.ts';
