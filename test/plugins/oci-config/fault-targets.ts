import { CONTAINER_PROCESS } from 'nsinit';
import { createOciPipeline, fromOciConfig } from 'nsinit/plugins/oci-config';
import { directory, file, type FaultTarget } from 'nsinit/testing';
import { plainConfig, type Config } from './samples.js';

const machine = {
  files: {
    '/srv/data/below': directory(),
    '/srv/root/var/tmp': directory(0o1777),
    '/proc/42/oom_score_adj': file('0'),
  },
};

const container = {
  pid: 42,
  run: () => ({ code: 0, signal: null, timedOut: false }),
};

// A directory of the host on /dev: the default devices would be the same call ten times.
const boundDev = { destination: '/dev', source: '/srv/data', options: ['rbind'] };

const mounts = (): Config =>
  plainConfig({
    root: { path: 'rootfs', readonly: true },
    mounts: [
      boundDev,
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'ro'] },
      { destination: '/var/tmp', type: 'tmpfs', options: ['nodev', 'size=1m'] },
      { destination: '/spread', type: 'tmpfs', options: ['rnoexec', 'shared', 'rslave', 'ro'] },
    ],
    linux: { rootfsPropagation: 'slave' },
  });

const files = (): Config =>
  plainConfig({
    process: { cwd: '/work/deep', args: ['sh'], oomScoreAdj: 5 },
    mounts: [boundDev],
    hooks: { createContainer: [{ path: '/bin/hook' }], startContainer: [{ path: '/bin/hook' }] },
    linux: {
      devices: [
        { type: 'c', path: '/nodes/fuse', major: 10, minor: 229, uid: 1, gid: 2 },
        { type: 'p', path: '/run/pipe' },
      ],
    },
  });

const targetOf = (name: string, config: () => Config): FaultTarget => ({
  name: `oci-config, ${name}`,
  pipeline: () => createOciPipeline(fromOciConfig(config(), '/srv/bundle').plan),
  machine: () => machine,
  run: { provide: [[CONTAINER_PROCESS, container]] },
});

/** Pipelines in which every call is made to fail; steps of other plugins have targets of their own. */
export const faultTargets: readonly FaultTarget[] = [
  { ...targetOf('mounts', mounts), focus: ['oci:mount', 'root-propagation'] },
  {
    ...targetOf('devices, hooks and files', files),
    focus: ['oci:devices', 'oci:working-directory', 'oci:hooks', 'oci:oom-score'],
  },
  {
    ...targetOf('a remount', () =>
      plainConfig({
        mounts: [
          boundDev,
          { destination: '/a', type: 'tmpfs', options: ['nosuid'] },
          { destination: '/a', options: ['remount', 'ro', 'size=1m', 'rprivate'] },
        ],
      }),
    ),
    focus: ['oci:mount'],
  },
];
