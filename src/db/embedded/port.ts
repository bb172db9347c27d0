/**
 * The port of the embedded server: the same each time it starts, so that processes that know its address find
 * it again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';

/**
 * The port that the server of this folder had last, if it is free; otherwise any other, which is remembered
 * from now on.
 */
export async function choosePort(home: string): Promise<number> {
  const file = path.join(home, 'port');
  const last = Number(await readFile(file, 'utf8').catch(() => ''));
  if (Number.isInteger(last) && last > 0 && (await isFreePort(last))) return last;
  const port = await listenOnce(0);
  await writeFile(file, `${port}\n`);
  return port;
}

export async function isFreePort(port: number): Promise<boolean> {
  return await listenOnce(port).then(
    () => true,
    () => false,
  );
}

async function listenOnce(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const found = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(found));
    });
  });
}
