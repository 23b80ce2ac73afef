import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Container } from '../../src/runtime/container.js';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';
import { createPool, type ContainerPool } from '../../src/runtime/pool.js';
import { useBusyboxRoot } from './busybox-root.js';
import { children, eventually } from './children.js';

const POOL_SIZE = 2;

type Start = (options: LaunchOptions) => Promise<Container>;
type Moment = (starting: Promise<unknown>) => Promise<unknown>;

const turns =
  (count: number): Moment =>
  async () => {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  };

/** From the call until after the start, which takes some milliseconds. */
const MOMENTS: readonly Moment[] = [
  ...[0, 1, 2, 4].map(turns),
  ...[1, 2, 3, 4, 6, 8, 12].map((time) => () => setTimeout(time)),
  (starting) => starting,
];

describe('an abort at any moment', () => {
  let rootfs = '';
  let pool: ContainerPool;

  useBusyboxRoot((path) => (rootfs = path));

  before(async () => {
    // Mocha runs this hook although the one before has skipped the tests.
    if (rootfs === '') return;
    pool = await createPool({ size: POOL_SIZE, rootfs });
  });

  after(async () => {
    await pool?.close();
  });

  /** What came of it: refused by the abort, or killed by it. Anything else is thrown. */
  async function abortAt(moment: Moment, start: Start): Promise<'refused' | 'killed'> {
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const job = { command: 'sleep', args: ['1000'], rootfs, signal: controller.signal };
    const starting = start(job);
    const outcome = starting.then(
      async (container) => {
        const end = await container.ended;
        expect(end).to.deep.equal({
          code: null,
          signal: 'SIGKILL',
          timedOut: false,
          aborted: true,
        });
        return 'killed' as const;
      },
      (error: unknown) => {
        expect(error).to.equal(reason);
        return 'refused' as const;
      },
    );
    await moment(starting);
    controller.abort(reason);
    const what = await outcome;
    expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([]);
    return what;
  }

  const ways: Readonly<Record<string, Start>> = {
    'a launch': (options) => launch(options),
    'a launch of a pool': (options) => pool.launch(options),
  };
  for (const [way, start] of Object.entries(ways)) {
    it(`of ${way} refuses or kills it, and leaves nothing`, async () => {
      const state = () => ({
        children: children().length,
        descriptors: readdirSync('/proc/self/fd').length,
        mounted: readFileSync('/proc/self/mountinfo', 'utf8').includes(rootfs),
      });
      // With pipes, for which libuv opens a descriptor of its own once.
      const first = await start({ command: 'true', rootfs });
      await first.ended;
      await eventually(() => pool.ready === POOL_SIZE, 'a full pool');
      const before = state();
      const outcomes = [];
      for (const moment of MOMENTS) outcomes.push(await abortAt(moment, start));
      expect(new Set(outcomes), outcomes.join()).to.deep.equal(new Set(['refused', 'killed']));
      const isAsBefore = (): boolean => {
        const { children: left, descriptors, mounted } = state();
        return (
          pool.ready === POOL_SIZE &&
          left === before.children &&
          descriptors <= before.descriptors &&
          !mounted
        );
      };
      await eventually(isAsBefore, 'the state before').catch(() =>
        expect(state()).to.deep.equal(before),
      );
    });
  }
});
