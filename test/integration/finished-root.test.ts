import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { listTree, makeBareRoot, nsinit, removeRoot, whyNoRoots } from './nsinit-command.js';

/** A Debian root made by debootstrap; `npm run test:debian` makes one. */
const DEBIAN = process.env.NSINIT_DEBIAN_ROOT;

const LOOK = `
cat /proc/self/mountinfo; echo ---
for f in /dev/*; do
  [ -c "$f" -o -b "$f" ] && [ ! -L "$f" ] && stat -c '%n %f %t:%T %u:%g' "$f"
done; echo ---
for f in /dev/*; do [ -L "$f" ] && echo "$f -> $(readlink "$f")"; done; echo ---
umask; pwd; stat -c '%a %u:%g' /dev; touch /written 2>/dev/null && echo writable || echo read-only
`;

interface Seen {
  /** `mount point type options super-options`, but for the root. */
  readonly mounts: string[];
  readonly rootType: string;
  readonly nodes: string[];
  readonly links: string[];
  readonly state: string[];
}

function look(root: string, ...options: string[]): Seen {
  const { stdout, stderr, status } = nsinit(
    'run',
    '--rootfs',
    root,
    ...options,
    '--',
    '/bin/sh',
    '-c',
    LOOK,
  );
  expect(status, stderr).to.equal(0);
  const [mountinfo = '', nodes = '', links = '', state = ''] = stdout
    .replaceAll('\r', '')
    .split('---\n');
  const [own, ...mounts] = parseMountinfo(mountinfo);
  const lines = (text: string): string[] => text.trim().split('\n');
  return {
    rootType: own?.mountPoint ?? '',
    mounts: mounts.map((mount) =>
      [mount.mountPoint, mount.fstype, mount.options, mount.superOptions].join(' '),
    ),
    nodes: lines(nodes),
    links: lines(links),
    state: lines(state),
  };
}

const SAFE = 'nosuid,nodev,noexec,relatime';
const STANDARD_MOUNTS = [
  '/dev tmpfs rw,nosuid,noexec,relatime rw,size=65536k,mode=755',
  `/proc proc rw,${SAFE} rw`,
  `/sys sysfs ro,${SAFE} rw`,
  '/dev/pts devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666',
  `/dev/shm tmpfs rw,${SAFE} rw,size=65536k`,
  `/dev/mqueue mqueue rw,${SAFE} rw`,
];
const CLASSIC_MOUNTS = [
  `/proc proc rw,${SAFE} rw`,
  `/sys sysfs rw,${SAFE} rw`,
  `/dev/shm tmpfs rw,${SAFE} rw,size=65536k`,
  '/dev/pts devpts rw,nosuid,noexec,relatime rw,gid=5,mode=620,ptmxmode=666',
];
// Type and mode in hexadecimal, number, owner.
const NODES = ['full:1:7', 'null:1:3', 'random:1:8', 'tty:5:0', 'urandom:1:9', 'zero:1:5'].map(
  (node) => {
    const [name, major, minor] = node.split(':');
    return `/dev/${name} 21b6 ${major}:${minor} 0:0`;
  },
);
const LINKS = [
  '/dev/core -> /proc/kcore',
  '/dev/fd -> /proc/self/fd',
  '/dev/ptmx -> pts/ptmx',
  '/dev/stderr -> /proc/self/fd/2',
  '/dev/stdin -> /proc/self/fd/0',
  '/dev/stdout -> /proc/self/fd/1',
];

function hostLoops(): string[] {
  const loops: string[] = [];
  for (let index = 0; existsSync(`/dev/loop${index}`); index += 1)
    loops.push(`/dev/loop${index} 6180 7:${index.toString(16)} 0:0`);
  return loops;
}

for (const [kind, given] of [
  ['a bare busybox root', undefined],
  ['a Debian root', DEBIAN ?? ''],
] as const) {
  describe(`nsinit run shows in ${kind}`, () => {
    let root = '';

    before(function () {
      const why =
        given === '' ? 'NSINIT_DEBIAN_ROOT names none: npm run test:debian' : whyNoRoots();
      if (why !== undefined) {
        for (const test of this.test?.parent?.tests ?? []) test.title += ` (skipped: ${why})`;
        this.skip();
      }
      root = given ?? makeBareRoot();
    });

    after(() => {
      if (given === undefined && root !== '') removeRoot(root);
    });

    it('what standard promises, and writes to the root no more than mount points', () => {
      const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
      const tree = listTree(root);
      const seen = look(root);
      expect(seen.mounts).to.deep.equal(STANDARD_MOUNTS);
      expect(seen.nodes).to.deep.equal(NODES);
      const behind = LINKS.filter((link) => !link.includes('kcore') || existsSync('/proc/kcore'));
      expect(seen.links).to.deep.equal(behind);
      expect(seen.state).to.deep.equal(['0022', '/', '755 0:0', 'writable']);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mountinfo);
      const added = listTree(root).filter((entry) => !tree.includes(entry));
      for (const entry of added) {
        const name = entry.split(' ')[0]?.slice(root.length + 1);
        // The last is the command's own doing.
        expect(['dev', 'proc', 'sys', 'written']).to.include(name);
      }
    });

    it('the same when it is moved, read-only, or has loop devices', () => {
      expect(look(root, '--no-pivot').mounts).to.deep.equal(STANDARD_MOUNTS);
      const readonly = look(root, '--readonly');
      expect(readonly.mounts).to.deep.equal(STANDARD_MOUNTS);
      expect(readonly.state.at(-1)).to.equal('read-only');
      expect(look(root, '--loop-devices').nodes).to.have.members([...NODES, ...hostLoops()]);
    });

    it('a console and the means for more terminals with --tty', () => {
      const { mounts, nodes } = look(root, '--tty');
      expect(mounts.filter((mount) => !mount.startsWith('/dev/console '))).to.deep.equal(
        STANDARD_MOUNTS,
      );
      expect(mounts.find((mount) => mount.startsWith('/dev/console '))).to.include(' devpts rw');
      const terminal = nodes.find((node) => node.startsWith('/dev/console '));
      expect(terminal).to.match(/^\/dev\/console 21[0-9a-f]{2} 88:[0-9a-f]+ 0:\d+$/);
    });

    it('what classic promises, pivoted and moved', () => {
      for (const options of [[], ['--no-pivot']]) {
        const seen = look(root, '--preset', 'classic', ...options);
        expect(seen.mounts).to.deep.equal(CLASSIC_MOUNTS);
        expect(seen.nodes).to.include.members([...NODES, ...hostLoops()]);
        expect(seen.links).to.include.members(LINKS.filter((link) => !link.includes('ptmx')));
        expect(seen.state).to.deep.equal(['0022', '/', '755 0:0', 'writable']);
      }
    });

    it('how a command ended', () => {
      const statusOf = (...command: string[]): number | null =>
        nsinit('run', '--rootfs', root, '--', ...command).status;
      expect(statusOf('/bin/sh', '-c', 'exit 7')).to.equal(7);
      expect(statusOf('/bin/sh', '-c', 'kill -9 $$')).to.equal(137);
      expect(statusOf('missing')).to.equal(127);
      expect(statusOf('/bin')).to.equal(126);
    });
  });
}
