/**
 * Redis with a replica behind one address, as hosted ones are. Each is started again when it dies: as what
 * the other is not.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '../../src/core/clock.ts';
import { openLink } from './link.ts';
import { findFreePort, RESTART_MS } from './processes.ts';

export interface RedisPair {
  port: number;
  /** Of the one that is written to. */
  pid(): number | undefined;
  /** Kills the primary and promotes the replica; what had not reached it is lost. */
  failOver(): void;
  close(): Promise<void>;
}

interface Node {
  port: number;
  child?: ChildProcess;
}

export async function openRedisPair(folder: string): Promise<RedisPair> {
  const nodes: [Node, Node] = [{ port: await findFreePort() }, { port: await findFreePort() }];
  let primary = nodes[0];
  let isClosing = false;

  const keepRunning = async (node: Node): Promise<void> => {
    const home = path.join(folder, `redis-${node.port}`);
    await mkdir(home, { recursive: true });
    while (!isClosing) {
      const role = node === primary ? [] : ['--replicaof', '127.0.0.1', String(primary.port)];
      const own = ['--port', String(node.port), '--bind', '127.0.0.1', '--dir', home, '--appendonly', 'yes'];
      const child = spawn('redis-server', [...own, '--repl-diskless-sync-delay', '0', ...role], {
        stdio: 'ignore',
      });
      node.child = child;
      await new Promise<void>((resolve) => child.once('exit', () => resolve()));
      await sleep(RESTART_MS);
    }
  };
  const running = nodes.map(keepRunning);
  const link = await openLink(primary.port);

  return {
    port: link.port,
    pid: () => primary.child?.pid,
    failOver: () => {
      const replica = nodes.find((node) => node !== primary) ?? primary;
      primary.child?.kill('SIGKILL');
      spawnSync('redis-cli', ['-p', String(replica.port), 'replicaof', 'no', 'one']);
      primary = replica;
      link.leadTo(replica.port);
    },
    close: async () => {
      isClosing = true;
      for (const { child } of nodes) {
        child?.kill('SIGCONT');
        child?.kill('SIGTERM');
      }
      await Promise.all(running);
      await link.close();
    },
  };
}
