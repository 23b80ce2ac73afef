import { expect } from 'chai';
import { MqueueStep } from 'nsinit/plugins/mqueue';
import { MockSyscalls } from 'nsinit/testing';
import {
  expectIdempotent,
  expectRefused,
  expectUndone,
  mountsOf,
  pipelineOf,
  runOn,
} from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const LINE = 'rw,nosuid,nodev,noexec,relatime mqueue rw';

describe('plugin mqueue', () => {
  it('mounts the message queues, on /dev/mqueue unless told otherwise', () => {
    for (const [options, place] of [
      [{}, '/dev/mqueue'],
      [{ target: '/queues' }, '/queues'],
    ] as const) {
      const sys = new MockSyscalls();
      runOn(sys, pipelineOf(MqueueStep, options));
      expect(mountsOf(sys.state.mountinfo)).to.deep.equal([`${place} ${LINE}`]);
    }
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(
      () => new MockSyscalls(),
      () => pipelineOf(MqueueStep, { target: '/a/b' }),
    );
  });

  it('names the option that is wrong', () => {
    expectRefused(MqueueStep, { target: 'queues' }, 'target');
    expectRefused(MqueueStep, { target: '/' }, 'target');
    expectRefused(MqueueStep, { size: 1 }, 'size');
    expectIdempotent(MqueueStep, {});
  });

  const held = {
    'queues of its own namespace': { lines: [`/dev/mqueue ${LINE}`], queues: [] },
    'nothing is left of it': { lines: [], files: [] },
  };
  const module = new URL('./kernel-scenarios.js', import.meta.url);
  itHoldsOnKernel(module, 'root', held);
  itHoldsOnKernel(module, 'user-namespace', held);
});
