import type { RunReport } from '../../src/pipeline/run.js';
import { replayedSetUp } from '../../src/runtime/replayed-set-up.js';
import type { SetUp } from '../../src/runtime/set-up.js';
import type { ReplayEnd, SetUps, Way } from './attack-case.js';
import type { Battlefield } from './battlefield.js';

// Two live ones, a recorded one, a replayed one; some more where the first has changed the root.
const MOST_QUIET_RUNS = 6;

/** A set-up that runs over and over on one root. */
export class KnownSetUp {
  readonly #setUp: SetUp<RunReport>;
  #lastReplay: ReplayEnd | undefined;

  constructor(
    private readonly field: Battlefield,
    way: Way,
    rootfs: string,
    setUps: SetUps = 'replayed',
  ) {
    // A terminal is another each time, and set up by ioctl: that is not replayed.
    const pipeline = field.pipeline(way, { console: undefined });
    this.#setUp = replayedSetUp(pipeline, { rootfs, replay: setUps === 'replayed' });
  }

  /** How the last run was replayed; undefined when its steps ran from the beginning. */
  get lastReplay(): ReplayEnd | undefined {
    return this.#lastReplay;
  }

  /** Runs on a root that nobody attacks until that is a replay. @throws Error when it is none. */
  learn(): void {
    for (let run = 0; run < MOST_QUIET_RUNS; run += 1) {
      this.run(() => undefined);
      if (this.lastReplay === 'finished') return;
    }
    throw new Error(`after ${MOST_QUIET_RUNS} runs on a quiet root nothing was replayed`);
  }

  /** Runs once; `inside` is called in the finished root. */
  run(inside: () => void): void {
    const { field } = this;
    const before = field.sys.replaysBegun;
    let report: RunReport | undefined;
    try {
      field.visit(() => {
        report = this.#setUp(field.sys, { userNamespace: false, container: NOT_USED });
      }, inside);
    } finally {
      const begun = field.sys.replaysBegun > before;
      this.#lastReplay = report?.replayed === true ? 'finished' : begun ? 'interrupted' : undefined;
    }
  }
}

const NOT_USED = {
  pid: process.pid,
  run: () => {
    throw new Error('no step of a preset runs a program');
  },
};
