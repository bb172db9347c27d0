/**
 * A TCP link that can be cut. Both ends then see what a broken network shows: nothing. Nobody is told that
 * the other end has gone, and what is sent neither arrives nor fails.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Link {
  port: number;
  /** @returns what mends it: what waited arrives then, or every connection turns out to be lost */
  cut(): (how: 'resume' | 'reset') => void;
  /** New connections go to this port of 127.0.0.1. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

export async function openLink(port: number): Promise<Link> {
  let target = port;
  let isCut = false;
  const pairs = new Set<readonly [Socket, Socket]>();

  const join = ([one, other]: readonly [Socket, Socket]): void => {
    one.pipe(other);
    other.pipe(one);
  };
  const drop = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  };
  const server = createServer((near) => {
    const pair = [near, connect(target, '127.0.0.1')] as const;
    pairs.add(pair);
    for (const socket of pair) {
      // That it ended is told by 'close', which follows.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!isCut) drop(pair);
      });
    }
    if (!isCut) join(pair);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      for (const [one, other] of pairs) {
        one.unpipe(other).pause();
        other.unpipe(one).pause();
      }
      return (how) => {
        isCut = false;
        for (const pair of pairs) {
          if (how === 'reset' || pair.some(({ destroyed }) => destroyed)) drop(pair);
          else join(pair);
        }
      };
    },
    leadTo: (next) => {
      target = next;
    },
    close: async () => {
      for (const pair of pairs) drop(pair);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
