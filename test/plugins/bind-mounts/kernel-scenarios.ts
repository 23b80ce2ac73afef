import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import {
  hostPath,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  flags,
  sourceName,
  type LinuxSyscalls,
  type MountFlags,
} from 'nsinit';
import { BindMountsStep, type BindMount } from 'nsinit/plugins/bind-mounts';
import { pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

/** /mnt/s with a file, a directory and a tmpfs below it. */
function makeSource(sys: LinuxSyscalls): void {
  mkdirSync('/mnt/s/below', { recursive: true });
  writeFileSync('/mnt/s/file', 'content');
  symlinkSync('file', '/mnt/s/link');
  sys.mount(sourceName('below'), hostPath('/mnt/s/below'), 'tmpfs', 0 as MountFlags, 'size=4k');
}

const bind = (sys: LinuxSyscalls, ...mounts: readonly BindMount[]): string[] => {
  runReal(sys, pipelineOf(BindMountsStep, { mounts }));
  return realMounts().map((line) => line.replace(/ tmpfs .*/, ''));
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  'read-only with everything below': {
    run(sys) {
      makeSource(sys);
      return bind(sys, { source: '/mnt/s', target: '/data', readonly: true, nosuid: true });
    },
  },
  'only the uppermost': {
    run(sys) {
      makeSource(sys);
      return bind(sys, { source: '/mnt/s', target: '/data', top: { readonly: true } });
    },
  },
  'without what is below': {
    caller: 'root',
    run(sys) {
      makeSource(sys);
      return bind(sys, { source: '/mnt/s', target: '/data', recursive: false });
    },
  },
  'flags of the source stay': {
    run(sys) {
      const quiet = flags(MS_NOSUID, MS_NODEV, MS_NOEXEC);
      mkdirSync('/mnt/s');
      sys.mount(sourceName('quiet'), hostPath('/mnt/s'), 'tmpfs', quiet, '');
      return bind(sys, { source: '/mnt/s', target: '/data', readonly: true });
    },
  },
  'files, links and what is missing': {
    run(sys) {
      makeSource(sys);
      symlinkSync('/elsewhere/deep', `${REAL_ROOT}/over`);
      const lines = bind(
        sys,
        { source: '/mnt/s/file', target: '/deep/er/file' },
        { source: '/mnt/s/link', target: '/link', followSource: false },
        { source: '/mnt/s/file', target: '/over', followTarget: false },
        { source: '/mnt/no', target: '/no', optional: true },
      );
      return {
        lines,
        content: readFileSync(`${REAL_ROOT}/over`, 'utf8'),
        link: readlinkSync(`${REAL_ROOT}/link`),
        missing: existsSync(`${REAL_ROOT}/no`),
      };
    },
  },
  'a link in the root stays inside': {
    run(sys) {
      makeSource(sys);
      mkdirSync(`${REAL_ROOT}/mnt/s`, { recursive: true });
      symlinkSync('/mnt/s', `${REAL_ROOT}/out`);
      return bind(sys, { source: '/mnt/s/file', target: '/out/f' });
    },
  },
  'a part of the container again': {
    run(sys) {
      mkdirSync(`${REAL_ROOT}/a`);
      writeFileSync(`${REAL_ROOT}/a/f`, 'own');
      const lines = bind(sys, { source: '/a', target: '/b', inContainer: true, noexec: true });
      return { lines, content: readFileSync(`${REAL_ROOT}/b/f`, 'utf8') };
    },
  },
  propagation: {
    run(sys) {
      makeSource(sys);
      bind(sys, { source: '/mnt/s', target: '/data', propagation: ['rshared', 'slave'] });
      return readFileSync('/proc/thread-self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(` ${REAL_ROOT}/data`))
        .map((line) => line.split(' ').slice(4, 7).join(' ').replace(/\d+$/, 'N'));
    },
  },
  'a locked flag cannot be taken back': {
    caller: 'user-namespace',
    run(sys) {
      return messageOf(() =>
        bind(sys, { source: '/proc', target: '/p', atime: 'noatime' }),
      )?.replace(/^.*?EPERM/, 'EPERM');
    },
  },
};
