import { EtcFilesStep, type EtcFilesOptions } from 'nsinit/plugins/etc-files';
import { file, symlink, type FaultTarget, type SeedTree } from 'nsinit/testing';
import { pipelineOf, ROOT } from '../kit.js';

const files = (): { files: SeedTree } => ({
  files: {
    '/etc/hosts': file('host\n'),
    [`${ROOT}/etc/passwd`]: file('root:x:0:0::/root:/bin/sh\n'),
    [`${ROOT}/etc/resolv.conf`]: symlink('../run/stub.conf'),
  },
});
const options: Partial<EtcFilesOptions> = {
  resolvConf: { nameservers: ['192.0.2.1'] },
  hosts: 'host',
  passwd: [{ name: 'app', uid: 1, gid: 1 }],
  append: true,
  files: [{ path: '/etc/new/file', content: 'x' }],
};

export const faultTargets: readonly FaultTarget[] = [
  {
    name: 'etc-files in memory',
    machine: files,
    focus: ['etc-files'],
    pipeline: () => pipelineOf(EtcFilesStep, options),
  },
  {
    name: 'etc-files in the image',
    machine: files,
    focus: ['etc-files'],
    pipeline: () => pipelineOf(EtcFilesStep, { ...options, place: 'image' }),
  },
];
