// Free loopback ports. They are taken below the range from which the kernel gives ports to outgoing
// connections: a service killed and started again must find its own port still free.
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from './lock.ts';

const LOWEST = 20_000;
const HIGHEST = 29_999;

/** `names.length` different free ports; a remembered port is kept when it is still free. */
export async function pickPorts(
  names: readonly string[],
  remembered: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const picked: Record<string, number> = {};
  // A random beginning keeps two runs that start at the same moment apart.
  let next = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
  for (const name of names) {
    let port = remembered[name];
    while (port === undefined || Object.values(picked).includes(port) || !(await claim(port))) {
      next = next >= HIGHEST ? LOWEST : next + 1;
      port = next;
    }
    picked[name] = port;
  }
  return picked;
}

/**
 * Free, and ours for as long as this process lives: between the choice of a port and its use lie seconds in which
 * another run may choose it too, and then take our API for its own.
 */
async function claim(port: number): Promise<boolean> {
  if (!(await isFree(port))) return false;
  const attempt = await tryLock(join(tmpdir(), `waybill-port-${port}.lock`)).catch(() => undefined);
  return attempt?.kind === 'taken' || attempt?.by.pid === process.pid;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
