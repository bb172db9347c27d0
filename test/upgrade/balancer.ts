/**
 * A balancer as small as one can be: it sends each request to one of the servers that are in it, keeps
 * connections open as balancers do, and repeats nothing, so that whatever a server drops is seen.
 */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  url: string;
  /** Requests under way stay where they are. */
  setServers(urls: readonly string[]): void;
  close(): Promise<void>;
}

export async function openBalancer(): Promise<Balancer> {
  // Idle connections are let go before a server (Node: after 5 s) closes one that is about to be used.
  const agent = new Agent({ keepAlive: true, timeout: 2000 });
  let servers: readonly string[] = [];
  let turn = 0;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    turn += 1;
    const to = servers[turn % servers.length];
    const fail = (error: Error): void => {
      if (!outgoing.headersSent) outgoing.writeHead(502);
      outgoing.end(error.message);
    };
    if (to === undefined) return fail(new Error('no server'));
    const passed = request(
      new URL(incoming.url ?? '/', to),
      { agent, method: incoming.method ?? 'GET', headers: incoming.headers },
      (answer) => {
        const { connection: _ofTheServer, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(outgoing);
      },
    );
    passed.on('error', fail);
    incoming.pipe(passed);
  };
  const server = createServer(pass);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setServers: (urls) => {
      servers = urls;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}
