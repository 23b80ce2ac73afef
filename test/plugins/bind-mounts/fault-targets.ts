import { BindMountsStep } from 'nsinit/plugins/bind-mounts';
import { directory, file, type FaultTarget } from 'nsinit/testing';
import { pipelineOf, ROOT } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'bind-mounts',
    machine: () => ({
      files: {
        '/data/file': file('content'),
        '/data/below': directory(),
        [`${ROOT}/usr`]: directory(),
      },
    }),
    focus: ['bind-mounts'],
    pipeline: () =>
      pipelineOf(BindMountsStep, {
        mounts: [
          { source: '/data', target: '/a/b', readonly: true, top: { noexec: true } },
          { source: '/data/file', target: '/a/file', propagation: ['rshared'] },
          { source: '/data/file', target: '/over', followTarget: false, optional: true },
          { source: '/usr', target: '/again', inContainer: true },
        ],
      }),
  },
];
