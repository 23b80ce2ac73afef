import { expect } from 'chai';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBareRoot } from '../integration/nsinit-command.js';
import { onHost, type OddHost, type Who } from './odd-host.js';

interface HostCase extends OddHost {
  readonly name: string;
  readonly who?: readonly Who[];
  /** What is said when it cannot work: what is wrong and what to do. */
  readonly says?: RegExp;
  /** What the log says of fallbacks that were taken. */
  readonly falls?: RegExp;
}

const BOTH: readonly Who[] = ['root', 'nobody'];
const NESTED = 'unshare -Urmpinu --fork --mount-proc';
const CHROOT = `
mount -t tmpfs tmpfs $T; mkdir $T/c; cd $T/c
for d in usr proc dev tmp $NODE $HERE; do mkdir -p ./$d; mount --rbind /$d ./$d; done
for d in bin lib lib64 sbin; do [ -e /$d ] && cp -a /$d . || :; done; cd /
`;

// A namespace whose root is a ramfs, as an initramfs is one.
const RAMFS = `
mount -t ramfs ramfs $T; cd $T; mkdir old
for d in usr proc dev tmp etc $NODE $HERE; do mkdir -p ./$d; mount --rbind /$d ./$d; done
for d in bin lib lib64 sbin; do [ -e /$d ] && cp -a /$d . || :; done
pivot_root . old; cd $HERE; umount -l /old
`;

// Each bind of the whole tree doubles it; binds of its parts fill what is left.
const FULL = `
mount -t tmpfs t $T; cd $T; i=1;
while mkdir $T/$i && mount --rbind $T $T/$i 2>/dev/null; do i=$((i+1)); done
while [ $i -gt 1 ]; do
  i=$((i-1)); mkdir $T/fill$i; mount --rbind $T/$i $T/fill$i 2>/dev/null || :
done
cd $HERE
`;

// As container engines keep their storage.
const OUT_OF_REACH =
  'mount -t tmpfs t /mnt; mkdir -m 700 /mnt/own; mkdir /mnt/own/at; mount -t tmpfs t /mnt/own/at';

const HOSTS: readonly HostCase[] = [
  { name: 'a ramfs as the root of the namespace', prepare: RAMFS },
  {
    name: 'fs.mount-max reached',
    prepare: FULL,
    says: /ENOSPC.*raise fs\.mount-max/,
  },
  { name: 'mounts that are shared', propagation: 'shared' },
  {
    name: 'hundreds of mounts',
    prepare:
      'mount -t tmpfs t $T; for i in 1 2 3 4 5 6 7 8; do mkdir $T/$i; mount --rbind $T $T/$i; done',
  },
  { name: 'a read-only /', prepare: 'mount -o remount,bind,ro /' },
  { name: 'a root on tmpfs', prepare: 'mount -t tmpfs t $T; cp -a $R $T/r; R=$T/r' },
  {
    name: 'a root on overlayfs',
    prepare:
      'mount -t tmpfs t $T; mkdir $T/u $T/w $T/m; chmod 755 $T/u; mount -t overlay o -o lowerdir=$R,upperdir=$T/u,workdir=$T/w $T/m; R=$T/m',
  },
  {
    name: 'a root with nodev and nosuid',
    prepare: 'mount -t tmpfs -o nodev,nosuid t $T; cp -a $R $T/r; R=$T/r',
  },
  {
    name: 'a root that is bound read-only',
    prepare: 'mount --bind $R $R; mount -o remount,bind,ro $R',
  },
  {
    name: 'a read-only root without mount points',
    prepare: 'mount -t tmpfs t $T; cp -a $R/bin $T; mount -o remount,ro $T; R=$T',
    says: /mkdirat.*EROFS.*read-only and lacks this directory: make it there first/,
  },
  {
    name: 'a user namespace with one id',
    who: BOTH,
    through: NESTED,
    falls: /without gid=5.*host's device nodes are bound/s,
  },
  {
    name: 'a user namespace without a network or PID namespace of its own',
    who: BOTH,
    through: 'unshare -Urm',
    args: "run -v --share-pid --rootfs $R -- /bin/sh -c 'echo works'",
    falls: /host's \/proc is bound read-only.*host's \/sys is bound read-only/s,
  },
  {
    name: 'a proc that is partly covered',
    who: BOTH,
    // What is mounted is locked in the inner user namespace, and proc is not shown anew then.
    through: `${NESTED} sh -c 'mount -t tmpfs t /proc/sys; exec unshare -Urm "$@"' sh`,
    falls: /host's \/proc is bound read-only/,
  },
  {
    name: 'a chroot',
    prepare: CHROOT,
    through: 'chroot $T/c',
    says: /in a chroot.*start outside of it/,
  },
  {
    name: 'a chroot, as an ordinary user',
    who: ['nobody'],
    prepare: CHROOT,
    through: 'chroot $T/c',
    says: /unshare\(CLONE_NEWUSER\): EPERM.*a chroot forbids them too/,
  },
  {
    name: 'a root that is no mount point, with classic',
    prepare: CHROOT,
    through: 'chroot $T/c',
    args: "run --preset classic --rootfs $R -- /bin/sh -c 'echo works'",
    says: /in a chroot.*start outside of it/,
  },
  {
    name: 'no /proc',
    prepare: 'umount -l /proc',
    says: /no \/proc here.*mount -t proc proc \/proc/,
  },
  {
    name: 'openat2 that is missing',
    refused: 'openat2=ENOSYS',
    says: /openat2.*ENOSYS.*needs Linux 5\.6.*seccomp profile/,
  },
  {
    name: 'openat2 that is forbidden',
    who: ['nobody'],
    refused: 'openat2=EPERM',
    says: /openat2.*EPERM.*seccomp profile.*forbids it.*seccomp=unconfined/,
  },
  ...(
    [
      ['ENOSYS', 'root'],
      ['EPERM', 'nobody'],
    ] as const
  ).flatMap(([errno, caller]): HostCase[] => [
    {
      name: `fsopen answering ${errno}`,
      who: [caller],
      refused: `fsopen=${errno}`,
      falls: /mount\(2\) by the path of a descriptor/,
    },
    {
      name: `mount_setattr answering ${errno}`,
      who: [caller],
      refused: `mount_setattr=${errno}`,
      args: "run -v --readonly --bind $T:/t:ro --rootfs $R -- /bin/sh -c '! touch /x && ! touch /t/x && echo works'",
      falls: /remounted read-only one by one/,
    },
    {
      name: `all new mount calls answering ${errno}`,
      who: [caller],
      refused: ['fsopen', 'fsmount', 'open_tree', 'move_mount', 'mount_setattr']
        .map((call) => `${call}=${errno}`)
        .join(),
      falls: /mount\(2\) by the path of a descriptor/,
    },
  ]),
  {
    name: 'mknod that is forbidden',
    refused: 'mknodat=EPERM',
    falls: /host's device nodes are bound/,
  },
  {
    name: 'pivot_root that is forbidden',
    refused: 'pivot_root=EPERM',
    says: /pivot_root.*EPERM.*--no-pivot/,
  },
  {
    name: 'unshare that is forbidden',
    who: ['nobody'],
    refused: 'unshare=EPERM',
    says: /unshare\(.*EPERM.*(seccomp profile|CAP_SYS_ADMIN is missing)/,
  },
  {
    name: 'no root given',
    who: BOTH,
    prepare: 'mount -t tmpfs t /mnt; touch /mnt/there; chmod 755 /mnt',
    args: "run -v -- sh -c 'ls /mnt /usr >/dev/null && [ -e /mnt/there ] && ! touch /mnt/x 2>/dev/null && echo x > /tmp/x && mkdir /new && echo works'",
  },
  {
    name: 'no root given, and a mount where an ordinary user cannot look',
    who: BOTH,
    prepare: OUT_OF_REACH,
    args: "run -v -- sh -c 'echo works'",
  },
  {
    name: 'the same without mount_setattr',
    who: ['nobody'],
    prepare: OUT_OF_REACH,
    refused: 'mount_setattr=ENOSYS',
    args: "run -v -- sh -c 'echo works'",
    falls: /a mount below a directory that the caller may not enter keeps its flags/,
  },
];

describe('an odd host', function () {
  this.timeout(30_000);
  let root: string;
  let mounts: string;

  useBareRoot((path) => {
    root = path;
    chmodSync(root, 0o755);
    for (const name of ['dev', 'proc', 'sys', 't']) mkdirSync(join(root, name));
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  });

  // Each set of fallbacks once.
  const forbidden = new Set<string>();
  for (const host of HOSTS) {
    for (const who of host.who ?? ['root']) {
      it(`${host.says === undefined ? 'works' : 'explains itself'} with ${host.name}, as ${who}`, () => {
        const { status, stdout, stderr } = onHost(root, who, host);
        if (host.says === undefined) expect([stdout, status], stderr).to.deep.equal(['works\n', 0]);
        else expect([stderr.match(host.says) !== null, status], stderr).to.deep.equal([true, 125]);
        if (host.falls !== undefined) expect(stderr).to.match(host.falls);
      });
    }
    if (host.falls !== undefined && !forbidden.has(host.falls.source)) {
      forbidden.add(host.falls.source);
      it(`is refused with ${host.name} and --no-fallbacks`, () => {
        const who = host.who?.at(-1) ?? 'root';
        const args = (host.args ?? "run -v --rootfs $R -- /bin/sh -c 'echo works'").replace(
          'run -v',
          'run --no-fallbacks',
        );
        const { status, stdout } = onHost(root, who, { ...host, args });
        expect([stdout, status]).to.deep.equal(['', 125]);
      });
    }
  }

  it('is left as it was by all of them', () => {
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(mounts);
  });
});
