import { expect } from 'chai';
import { pipelineSetUp } from '../../src/runtime/pipeline-set-up.js';
import { prepareNamespaces } from '../../src/runtime/prepared-namespaces.js';
import { openRuntimeHost, type RuntimeHost } from '../../src/runtime/runtime-host.js';
import { runSetUp, type SetUp } from '../../src/runtime/set-up.js';
import { closePrepared } from '../../src/runtime/start-command.js';
import { planNamespaces, reap } from '../../src/runtime/start-container.js';
import { createPreset } from '../../src/steps/presets.js';
import type { LinuxSyscalls } from '../../src/syscalls/linux.js';
import { readMountinfo } from '../../src/syscalls/mountinfo.js';
import { compileReplay } from '../../src/syscalls/replay/compile-replay.js';
import { RecordingSyscalls } from '../../src/syscalls/replay/recording-syscalls.js';
import { ResumingSyscalls } from '../../src/syscalls/replay/resuming-syscalls.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';
import { useBusyboxRoot } from './busybox-root.js';
import { spoil } from './spoil-replay.js';

/** Of the operations at which it is stopped, each that many. */
const EACH = 5;

describe('a replay in the waiting process of a user namespace', () => {
  let host: RuntimeHost;
  let live: SetUp<unknown>;

  useBusyboxRoot((rootfs) => {
    host = openRuntimeHost();
    const pipeline = createPreset('standard', { mounts: [{ tmpfs: '/mnt' }] });
    live = pipelineSetUp(pipeline, { rootfs, force: true });
  });

  const look = (sys: Syscalls): string[] =>
    readMountinfo(sys).map(({ mountPoint, fstype, options }) =>
      [mountPoint, fstype, options].join(' '),
    );

  /** What the container has after a set-up in new namespaces, whose processes are gone afterwards. */
  function inContainer<T>(setUp: SetUp<T>): { mounts: string[]; result: T } {
    const { namespaces, maps } = planNamespaces({ user: 'new' });
    const prepared = prepareNamespaces(host, namespaces, maps);
    try {
      const looking: SetUp<{ mounts: string[]; result: T }> = (sys, context) => {
        const result = setUp(sys, context);
        return { mounts: look(sys), result };
      };
      return runSetUp(host, prepared, { in: 'process' }, looking).result;
    } finally {
      prepared.runner.connection.close();
      reap(host, [prepared.init?.pid, prepared.runner.pid]);
      closePrepared(host, prepared);
    }
  }

  it('comes to the same wherever it stops', () => {
    inContainer(live);
    const { mounts } = inContainer(live);
    expect(mounts.length).to.be.above(5);
    const { result: replay } = inContainer((sys, context) => {
      const recording = new RecordingSyscalls(sys);
      live(recording, context);
      return compileReplay(recording, []);
    });
    const replayed = (sys: Syscalls): number => {
      const engine = (sys as LinuxSyscalls).openReplay();
      return engine === undefined ? -1 : engine.replay(replay.program.bytes);
    };
    const whole = inContainer(replayed);
    expect([whole.result, whole.mounts]).to.deep.equal([replay.ops.length, mounts]);
    for (let op = 0; op < replay.ops.length; op += EACH) {
      const restore = spoil(replay, op);
      const stopped = inContainer((sys, context) => {
        const done = replayed(sys);
        restore();
        const resuming = new ResumingSyscalls(sys, replay, done, []);
        live(resuming, context);
        resuming.closeUnclaimed();
        return done;
      });
      expect([stopped.result, stopped.mounts], `stopped at ${op}`).to.deep.equal([op, mounts]);
    }
  });
});
