import { readFileSync, writeFileSync } from 'node:fs';
import { architectureIndex, LibcTransport } from '../../src/syscalls/libc.js';

// The attacker of races.ts: a process that exchanges two names for as long as it is told to.

/** What to exchange; a new number tells that it is a new order. */
export interface Order {
  readonly number: number;
  readonly pair?: readonly [string, string];
}

/** How far it has come. */
export interface Progress {
  readonly number: number;
  readonly exchanges: number;
}

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const BURST = 512;

function serve(orderFile: string, progressFile: string): void {
  const transport = new LibcTransport();
  const number = (x64: number, arm64: number): number =>
    [x64, arm64][architectureIndex()] as number;
  transport.bind(number(157, 167), ['int', 'int'])([PR_SET_PDEATHSIG, SIGKILL]);
  const renameat2 = transport.bind(number(316, 276), ['int', 'string', 'int', 'string', 'int']);
  let order: Order = { number: 0 };
  let exchanges = 0;
  let read = '';
  for (;;) {
    const text = readFileSync(orderFile, 'utf8');
    if (text !== read) order = JSON.parse((read = text)) as Order;
    if (order.pair !== undefined) {
      const [one, other] = order.pair;
      for (let count = 0; count < BURST; count += 1)
        if (renameat2([AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE]) === 0) exchanges += 1;
    }
    const progress: Progress = { number: order.number, exchanges };
    writeFileSync(progressFile, JSON.stringify(progress));
  }
}

serve(process.argv[2] as string, process.argv[3] as string);
