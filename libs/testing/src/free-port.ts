import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that kernels give to whoever asks for any port (Linux: 32768 and up): what is found here stays free. */
const FIRST = 20_000;
const COUNT = 10_000;
let next = randomInt(COUNT);

/** A port that was free a moment ago, another one each time. Nobody gets it who does not ask for it by number. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no port of ${FIRST} to ${FIRST + COUNT - 1} is free`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
