// Free loopback ports. They are taken below the range from which the kernel gives ports to outgoing
// connections: a service killed and started again must find its own port still free.
import { createServer } from 'node:net';

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
    while (port === undefined || Object.values(picked).includes(port) || !(await isFree(port))) {
      next = next >= HIGHEST ? LOWEST : next + 1;
      port = next;
    }
    picked[name] = port;
  }
  return picked;
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
