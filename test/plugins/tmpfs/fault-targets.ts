import { TmpfsReadonlyStep, TmpfsStep } from 'nsinit/plugins/tmpfs';
import { charDevice, directory, fifo, file, symlink, type FaultTarget } from 'nsinit/testing';
import { pipelineOf, ROOT } from '../kit.js';

const covered = {
  [`${ROOT}/var`]: directory(0o1750, { uid: 7 }),
  [`${ROOT}/var/file`]: file('content'),
  [`${ROOT}/var/deep/link`]: symlink('../file'),
  [`${ROOT}/var/fifo`]: fifo(),
  [`${ROOT}/var/null`]: charDevice(1, 3),
};

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'tmpfs',
    machine: () => ({ files: covered }),
    focus: ['tmpfs', 'tmpfs-readonly'],
    pipeline: () =>
      pipelineOf(TmpfsStep, { target: '/var', copyUp: true, size: '1m' })
        .use(TmpfsStep, { target: '/made/here', readonly: true })
        .use(TmpfsReadonlyStep, { targets: ['/var', '/made/here'] }),
  },
];
