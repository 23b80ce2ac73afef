import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { CLONE_NEWCGROUP, parseMountinfo, type LinuxSyscalls } from 'nsinit';
import { CgroupMountStep, type CgroupMountOptions } from 'nsinit/plugins/cgroup-mount';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

const mountinfo = () => parseMountinfo(readFileSync('/proc/thread-self/mountinfo', 'utf8'));

/** What the machine has: whether each of its hierarchies is in the container too. */
function compare(): unknown {
  const options = (text: string): string => text.replace(/^r[wo],?/, '');
  const groups = mountinfo().filter(({ fstype }) => fstype.startsWith('cgroup'));
  const inside = groups.filter(({ mountPoint }) => mountPoint.startsWith(REAL_ROOT));
  const outside = groups.filter(({ mountPoint }) => !mountPoint.startsWith(REAL_ROOT));
  const kinds = (all: typeof groups): string[] =>
    [
      ...new Set(all.map(({ fstype, superOptions }) => `${fstype} ${options(superOptions)}`)),
    ].sort();
  return {
    same: kinds(inside).join() === kinds(outside).join(),
    readonly: inside.every(({ options: shown }) => shown.startsWith('ro,nosuid,nodev,noexec')),
  };
}

const mount = (sys: LinuxSyscalls, options: Partial<CgroupMountOptions> = {}) =>
  runReal(sys, pipelineOf(CgroupMountStep, options));

const machineHasV1 = (): boolean => mountinfo().some(({ fstype }) => fstype === 'cgroup');

export const scenarios: Readonly<Record<string, Scenario>> = {
  'in a namespace of its own, as the machine has them': {
    caller: 'root',
    run(sys) {
      sys.unshare(CLONE_NEWCGROUP);
      const { fallbacks } = mount(sys);
      const top = realMounts()[0] ?? '';
      const closed = messageOf(() => mkdirSync(`${REAL_ROOT}/sys/fs/cgroup/x`));
      return {
        ...(compare() as object),
        fallbacks,
        layout: top.includes(machineHasV1() ? ' tmpfs ' : ' cgroup2 '),
        closed: /EROFS|EACCES|EPERM/.test(closed ?? ''),
      };
    },
  },
  "in the machine's namespace, its own groups": {
    run(sys) {
      mount(sys);
      const left = readdirSync(`${REAL_ROOT}/sys/fs/cgroup`).length > 0;
      return { ...(compare() as object), left };
    },
  },
  'nothing is left of it': {
    run(sys) {
      messageOf(() => runReal(sys, failAfter(pipelineOf(CgroupMountStep))));
      return { mounts: realMounts(), files: readdirSync(REAL_ROOT) };
    },
  },
};
