import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkDestination, fetchWithin, refuseAddress } from '../../src/core/outbound-policy.ts';

const NOBODY = { allowHosts: [] };
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(answer: RequestListener): Promise<{ port: number; requests: () => number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, requests: () => requests };
}

describe('an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private (carrier-grade NAT)'],
    ['169.254.169.254', 'link-local'],
    ['198.18.0.1', 'benchmarking'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::1', 'loopback'],
    ['::', 'reserved'],
    ['fd00:ec2::254', 'private'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['ff02::1', 'multicast'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['0:0:0:0:0:ffff:10.0.0.1', 'private'],
    ['::127.0.0.1', 'reserved'],
    ['64:ff9b::7f00:1', 'reserved'],
    ['2002:7f00:1::', 'tunnel (6to4)'],
    ['2001:0:7f00:1::', 'reserved'],
    ['2001:db8::1', 'documentation'],
    ['localhost', 'no IP'],
  ])('%s is refused as %s', (address, kind) => {
    expect(refuseAddress(address)).toBe(kind);
  });

  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(refuseAddress(address)).toBeUndefined();
    },
  );
});

describe('a URL from outside', () => {
  it.each([
    ['http://127.0.0.1/', 'forbidden'],
    ['http://2130706433/', 'forbidden'],
    ['http://0x7f.1/', 'forbidden'],
    ['http://017700000001/', 'forbidden'],
    ['http://127.1/', 'forbidden'],
    ['http://localhost/', 'forbidden'],
    ['http://LOCALHOST/', 'forbidden'],
    ['http://169.254.169.254/latest/meta-data', 'forbidden'],
    ['https://[::1]/', 'forbidden'],
    ['http://[::ffff:127.0.0.1]/', 'forbidden'],
    ['http://[fe80::1]/', 'forbidden'],
    ['http://0/', 'forbidden'],
    ['file:///etc/passwd', 'invalid-input'],
    ['gopher://127.0.0.1/', 'invalid-input'],
    // Of a caller it is a name that was misspelt; to who asks it later it is worth another try.
    ['http://no-such-host.invalid/', 'invalid-input', 'unavailable'],
  ])('%s is refused before and at the request', async (url, early, code = early) => {
    await expect(checkDestination(url, NOBODY)).rejects.toMatchObject({ code: early });
    await expect(fetchWithin(url, NOBODY)).rejects.toMatchObject(code === 'unavailable' ? {} : { code });
  });

  it('never reaches a server on loopback, by address or by name', async () => {
    const { port, requests } = await listen((_request, response) => response.end('secret'));
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const error = await fetchWithin(`http://${host}:${port}/`, NOBODY).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('loopback') });
    }
    expect(requests()).toBe(0);
  });

  it('reaches a host that is allowed, with its port or with any', async () => {
    const { port } = await listen((_request, response) => response.end('open'));
    for (const entry of [`127.0.0.1:${port}`, '127.0.0.1']) {
      const policy = { allowHosts: [entry] };
      await expect(checkDestination(`http://127.0.0.1:${port}/`, policy)).resolves.toBeUndefined();
      const response = await fetchWithin(`http://127.0.0.1:${port}/`, policy);
      expect(await response.text()).toBe('open');
    }
    await expect(
      fetchWithin(`http://127.0.0.1:${port}/`, { allowHosts: ['127.0.0.1:1'] }),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is not led elsewhere by a redirect', async () => {
    const inner = await listen((_request, response) => response.end('secret'));
    const outer = await listen((_request, response) =>
      response.writeHead(302, { location: `http://localhost:${inner.port}/` }).end(),
    );
    const url = `http://127.0.0.1:${outer.port}/`;
    await expect(fetchWithin(url, { allowHosts: ['127.0.0.1'] })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect([outer.requests(), inner.requests()]).toEqual([1, 0]);
    const followed = await fetchWithin(url, { allowHosts: ['127.0.0.1', `localhost:${inner.port}`] });
    expect(await followed.text()).toBe('secret');
  });

  it('may name any host when the operator wrote it', async () => {
    const { port } = await listen((_request, response) => response.end('inside'));
    const response = await fetchWithin(`http://localhost:${port}/`, undefined);
    expect(await response.text()).toBe('inside');
  });
});
