import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { answerUnparsed } from '../../../src/server/http/unparsed.ts';

const CONNECT = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n';

it('a CONNECT is answered, keeps no connection whose caller does not hang up, and no reset ends the process', async () => {
  const http = createServer();
  const asked: Socket[] = [];
  http.on('connect', (_request, socket) => asked.push(socket as Socket));
  answerUnparsed(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const caller = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let said = '';
  caller.on('data', (chunk) => (said += String(chunk)));
  caller.write(CONNECT);
  await once(caller, 'end');
  expect(said).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);

  // Resolves once no connection is left; the caller has not ended its own.
  await new Promise((resolve) => http.close(resolve));
  expect(() => asked[0]?.emit('error', new Error('read ECONNRESET'))).not.toThrow();
  caller.destroy();
});
