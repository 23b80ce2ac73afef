import { DevStep, Pipeline, PropagationStep } from 'nsinit';
import {
  OverlayMountStep,
  OverlayRootStep,
  type OverlayRootOptions,
} from 'nsinit/plugins/overlay-root';
import { directory, file, type FaultTarget } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

const DISK = {
  // What the kernel makes in a work directory stays after a run.
  '/up/upper': directory(),
  '/up/work/work': directory(0),
};

const target = (name: string, options: Partial<OverlayRootOptions>): FaultTarget => ({
  name,
  machine: () => ({
    files: { '/layers/a/dev/x': file('x'), '/layers/b:c/dev/y': file('y'), ...DISK },
  }),
  rootfs: null,
  focus: ['overlay-root'],
  pipeline: () =>
    new Pipeline()
      .use(PropagationStep)
      .use(OverlayRootStep, { lower: ['/layers/a', '/layers/b:c'], ...options })
      .use(DevStep),
});

export const faultTargets: readonly FaultTarget[] = [
  target('overlay-root under a tmpfs', { size: '1m' }),
  target('overlay-root on disk', { upper: '/up/upper', work: '/up/work', metacopy: true }),
  target('overlay-root without an upper directory', { upper: 'none' }),
  {
    name: 'overlay-mount',
    machine: () => ({
      files: { '/layers/a/x': file('x'), '/srv/root/data/y': file('y'), ...DISK },
    }),
    focus: ['overlay-mount'],
    pipeline: () =>
      pipelineOf(OverlayMountStep, { target: '/data', size: '1m', nosuid: true }).use(
        OverlayMountStep,
        { target: '/new/place', lower: ['/layers/a'], upper: '/up/upper', work: '/up/work' },
      ),
  },
];
