/** A server that leaves on a machine that is busy with something else. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createSilentLogger } from '../../src/core/log.ts';
import { createDrain } from '../../src/server/drain.ts';

const RULES = { delayMs: 0, onClosed: () => undefined, log: createSilentLogger() };

/**
 * Sends a request, and at a word another on the same connection; wakes the server's thread once it is sent.
 */
const CLIENT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const socket = require('node:net').connect(workerData.port, '127.0.0.1');
  const request = 'GET / HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n';
  let said = '';
  socket.write(request);
  socket.on('data', (chunk) => {
    said += chunk;
    parentPort.postMessage('answered');
  });
  socket.on('error', (error) => (said += error.code));
  socket.on('close', () => parentPort.postMessage(said));
  parentPort.once('message', () => {
    socket.write(request, () => {
      Atomics.store(workerData.sent, 0, 1);
      Atomics.notify(workerData.sent, 0);
    });
  });
`;

it('a drain answers what has arrived while the event loop was held up, however long that was', async () => {
  const http = createServer((_request, response) => response.end('served'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const drain = createDrain(http, { ...RULES, graceMs: 10_000 });
  const sent = new Int32Array(new SharedArrayBuffer(8));
  const { port } = http.address() as AddressInfo;
  const client = new Worker(CLIENT, { eval: true, workerData: { port, sent } });
  const heard: string[] = [];
  client.on('message', (message: string) => heard.push(message));
  await expect.poll(() => heard, { interval: 1 }).not.toEqual([]);

  const drained = drain.run();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  // A worker of Node has no origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  client.postMessage('again');
  Atomics.wait(sent, 0, 0);
  // Until the drain takes connections without a request for idle.
  Atomics.wait(sent, 1, 0, 1500);

  await drained;
  await expect.poll(() => heard.at(-1)).not.toBe('answered');
  expect(heard.at(-1)?.match(/served/g)).toHaveLength(2);
  await client.terminate();
});

it('a drain takes every connection that waits at the listener before it closes that', async () => {
  const http = createServer((_request, response) => response.end('served'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const drain = createDrain(http, { ...RULES, graceMs: 10_000 });
  const { port } = http.address() as AddressInfo;
  // The kernel has taken them all before the server is told of one.
  const sockets = Array.from({ length: 16 }, () => connect(port, '127.0.0.1'));
  const answers = sockets.map(async (socket) => {
    socket.end('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return await text(socket).catch(String);
  });
  await drain.run();
  // Those taken while the listener is open are not sent away yet: they would come back to it.
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/200 OK[\s\S]*served/);
});

/** Comes again and again, eight at a time, until nobody takes it. */
const CROWD = `
  const { connect } = require('node:net');
  const { port } = require('node:worker_threads').workerData;
  const come = () => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      come();
    });
    socket.on('error', () => undefined);
  };
  for (let i = 0; i < 8; i += 1) come();
`;

it('a drain ends also where callers come without end, and tells when they find nobody any more', async () => {
  const http = createServer((_request, response) => response.end('served'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const crowd = new Worker(CROWD, { eval: true, workerData: { port } });
  await once(http, 'connection');
  let closed = 0;
  const onClosed = (): void => {
    closed += 1;
    expect(http.listening).toBe(false);
  };
  await createDrain(http, { ...RULES, graceMs: 2000, onClosed }).run();
  expect(closed).toBe(1);
  await crowd.terminate();
});
