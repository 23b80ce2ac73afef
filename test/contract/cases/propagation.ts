import { flags } from '../../../src/syscalls/flags.js';
import {
  MNT_DETACH,
  MOVE_MOUNT_SET_GROUP,
  MS_BIND,
  MS_MOVE,
  MS_NOSUID,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_UNBINDABLE,
  type UmountFlags,
} from '../../../src/syscalls/mount-flags.js';
import { CLONE_NEWNS } from '../../../src/syscalls/process-flags.js';
import { O_CLOEXEC, O_RDONLY } from '../../../src/syscalls/file-flags.js';
import type { ContractCase } from '../contract-case.js';
import type { Trial } from '../trial.js';
import { bind, CWD, how, make, mkdir, named, NO_MS, raw, rbind, tmpfs, W } from './kit.js';

const NO_UMOUNT = 0 as UmountFlags;

/** A shared tmpfs at `a` with directories, seen again at the others. */
function peers(t: Trial, ...others: readonly string[]): void {
  mkdir(t, 'a', ...others);
  tmpfs(t, 'a', 'base');
  make(t, 'a', MS_SHARED);
  mkdir(t, 'a/x', 'a/y', 'a/x/deep');
  for (const other of others) bind(t, 'a', other);
}

/** Shared subtrees (mount_namespaces(7)). */
export const PROPAGATION: readonly ContractCase[] = [
  {
    name: "peers get each other's mounts and unmounts",
    run(t) {
      peers(t, 'b', 'c');
      tmpfs(t, 'b/x', 'new');
      t.ok('umount2', W('c/x'), NO_UMOUNT);
      tmpfs(t, 'c/y', 'again');
    },
  },
  {
    name: 'a slave receives and does not send',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_SLAVE);
      tmpfs(t, 'a/x', 'down');
      tmpfs(t, 'b/y', 'stays');
      t.ok('umount2', W('b/x'), NO_UMOUNT);
    },
  },
  {
    name: 'unmounting at the master unmounts at the slave',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_SLAVE);
      tmpfs(t, 'a/x', 'down');
      t.ok('umount2', W('a/x'), NO_UMOUNT);
    },
  },
  {
    name: 'private mounts neither send nor receive',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_PRIVATE);
      tmpfs(t, 'a/x', 'one');
      tmpfs(t, 'b/y', 'two');
    },
  },
  {
    name: 'a slave that is shared passes on to its own peers and slaves',
    run(t) {
      peers(t, 'b', 'c');
      make(t, 'b', MS_SLAVE);
      make(t, 'b', MS_SHARED);
      mkdir(t, 'd', 'e');
      bind(t, 'b', 'd');
      bind(t, 'b', 'e');
      make(t, 'e', MS_SLAVE);
      tmpfs(t, 'c/x', 'from the top');
      tmpfs(t, 'd/y', 'from the middle');
    },
  },
  {
    name: 'slaves of a mount that leaves its group follow its peers, or its master',
    run(t) {
      peers(t, 'b', 'c', 'd');
      make(t, 'd', MS_SLAVE);
      make(t, 'a', MS_PRIVATE);
      make(t, 'b', MS_PRIVATE);
      make(t, 'c', MS_PRIVATE);
      tmpfs(t, 'c/x', 'unheard');
    },
  },
  {
    name: 'a middle group that dissolves leaves its slaves to the top',
    run(t) {
      peers(t, 'b', 'c');
      make(t, 'b', MS_SLAVE);
      make(t, 'b', MS_SHARED);
      mkdir(t, 'd');
      bind(t, 'b', 'd');
      make(t, 'd', MS_SLAVE);
      make(t, 'b', MS_PRIVATE);
      tmpfs(t, 'c/x', 'from the top');
    },
  },
  {
    name: 'making slave what has no peers and no master makes it private',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a');
      make(t, 'a', MS_SHARED);
      make(t, 'a', MS_SLAVE);
      make(t, 'a', MS_UNBINDABLE);
      make(t, 'a', MS_SLAVE);
      make(t, 'a', MS_PRIVATE);
    },
  },
  {
    name: 'propagation flags that do not go together',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a');
      t.fails('EINVAL', 'mount', '', W('a'), '', flags(MS_SHARED, MS_PRIVATE), '');
      t.fails('EINVAL', 'mount', '', W('a'), '', flags(MS_SHARED, MS_NOSUID), '');
      t.ok('mount', '', W('a'), '', flags(MS_SHARED, MS_SILENT), '');
      t.ok('mount', '', W('a'), '', flags(MS_PRIVATE, MS_REC, MS_SILENT), '');
    },
  },
  {
    name: 'recursive changes reach all that is mounted below',
    run(t) {
      mkdir(t, 'a');
      tmpfs(t, 'a');
      mkdir(t, 'a/b');
      tmpfs(t, 'a/b');
      mkdir(t, 'a/b/c');
      tmpfs(t, 'a/b/c');
      make(t, 'a', MS_SHARED, MS_REC);
      make(t, 'a/b', MS_PRIVATE);
      make(t, 'a/b', MS_UNBINDABLE, MS_REC);
    },
  },
  {
    name: 'unbindable mounts are not bound and not copied along',
    run(t) {
      mkdir(t, 'a', 'b');
      tmpfs(t, 'a');
      mkdir(t, 'a/u', 'a/m', 'a/u/in');
      tmpfs(t, 'a/u', 'unbindable');
      tmpfs(t, 'a/m', 'bindable');
      make(t, 'a/u', MS_UNBINDABLE);
      mkdir(t, 'a/u/in');
      tmpfs(t, 'a/u/in', 'inside');
      t.fails('EINVAL', 'mount', W('a/u'), W('b'), '', MS_BIND, '');
      t.fails('EINVAL', 'mount', W('a/u'), W('b'), '', flags(MS_BIND, MS_REC), '');
      rbind(t, 'a', 'b');
    },
  },
  {
    name: 'what is mounted on a shared mount becomes shared',
    run(t) {
      mkdir(t, 'p', 's');
      tmpfs(t, 'p', 'private');
      mkdir(t, 'p/in');
      tmpfs(t, 'p/in', 'inner');
      tmpfs(t, 's', 'shared');
      make(t, 's', MS_SHARED);
      mkdir(t, 's/t');
      rbind(t, 'p', 's/t');
    },
  },
  {
    name: 'a bind of a shared mount is a peer, of a slave a slave',
    run(t) {
      peers(t, 'b', 'c');
      make(t, 'b', MS_SLAVE);
      mkdir(t, 'd', 'e');
      bind(t, 'b', 'd');
      bind(t, 'c', 'e');
      tmpfs(t, 'e/x', 'everywhere');
    },
  },
  {
    name: 'a bind of a part receives only what is mounted in that part',
    run(t) {
      peers(t);
      mkdir(t, 'part');
      bind(t, 'a/x', 'part');
      tmpfs(t, 'a/y', 'elsewhere');
      tmpfs(t, 'a/x/deep', 'inside');
      t.ok('umount2', W('part/deep'), NO_UMOUNT);
    },
  },
  {
    name: 'a mount that arrives below an existing one slides under it',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_SLAVE);
      tmpfs(t, 'b/x', 'first at the slave');
      tmpfs(t, 'a/x', 'then at the master');
      t.do('statx', CWD, W('b/x'), 0 as never, 0x7ff as never);
      t.ok('umount2', W('a/x'), NO_UMOUNT);
    },
  },
  {
    name: 'a copy with something mounted in it stays when the original goes',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_SLAVE);
      tmpfs(t, 'a/x', 'base of it');
      mkdir(t, 'a/x/in');
      tmpfs(t, 'b/x/in', 'keeps it');
      t.ok('umount2', W('a/x'), NO_UMOUNT);
    },
  },
  {
    name: 'a copy that is merely covered goes, and the cover takes its place',
    run(t) {
      peers(t, 'b');
      make(t, 'b', MS_SLAVE);
      tmpfs(t, 'a/x', 'lower');
      tmpfs(t, 'b/x', 'cover');
      t.ok('umount2', W('a/x'), MNT_DETACH);
    },
  },
  {
    name: 'a lazy unmount of a tree takes the copies of the whole tree',
    run(t) {
      peers(t, 'b', 'c');
      make(t, 'c', MS_SLAVE);
      tmpfs(t, 'a/x', 'one');
      mkdir(t, 'a/x/in');
      tmpfs(t, 'a/x/in', 'two');
      t.fails('EBUSY', 'umount2', W('a/x'), NO_UMOUNT);
      t.ok('umount2', W('a/x'), MNT_DETACH);
    },
  },
  {
    name: 'a copy in use keeps the original busy',
    run(t) {
      peers(t, 'b');
      tmpfs(t, 'a/x', 'one');
      const fd = t.open('openat2', CWD, W('b/x'), how(O_RDONLY));
      t.fails('EBUSY', 'umount2', W('a/x'), NO_UMOUNT);
      t.ok('close', fd);
      t.ok('umount2', W('a/x'), NO_UMOUNT);
    },
  },
  {
    name: 'moving into a shared mount makes copies, and needs everything to be bindable',
    run(t) {
      peers(t, 'b');
      mkdir(t, 'm');
      tmpfs(t, 'm', 'moved');
      mkdir(t, 'm/in');
      tmpfs(t, 'm/in', 'inner');
      make(t, 'm/in', MS_UNBINDABLE);
      t.fails('EINVAL', 'mount', W('m'), W('a/x'), '', MS_MOVE, '');
      make(t, 'm/in', MS_PRIVATE);
      t.ok('mount', W('m'), W('a/x'), '', MS_MOVE, '');
    },
  },
  {
    name: 'moving out of a shared mount is refused',
    run(t) {
      peers(t, 'b');
      tmpfs(t, 'a/x', 'stays');
      mkdir(t, 'dest');
      t.fails('EINVAL', 'mount', W('a/x'), W('dest'), '', MS_MOVE, '');
      make(t, 'a', MS_PRIVATE);
      t.ok('mount', W('a/x'), W('dest'), '', MS_MOVE, '');
    },
  },
  {
    name: 'a namespace of its own keeps peers and unbindable mounts',
    run(t) {
      peers(t, 'b');
      mkdir(t, 'u');
      tmpfs(t, 'u');
      make(t, 'u', MS_UNBINDABLE);
      const home = t.open(
        'openat2',
        CWD,
        raw('/proc/thread-self/ns/mnt'),
        how(O_RDONLY, O_CLOEXEC),
      );
      t.ok('unshare', CLONE_NEWNS);
      tmpfs(t, 'a/x', 'in the new one');
      t.ok('setns', home, CLONE_NEWNS);
      t.do('getcwd');
    },
  },
  {
    name: 'a namespace that is made slave hears and is not heard',
    run(t) {
      peers(t, 'b');
      const home = t.open(
        'openat2',
        CWD,
        raw('/proc/thread-self/ns/mnt'),
        how(O_RDONLY, O_CLOEXEC),
      );
      t.ok('unshare', CLONE_NEWNS);
      const fresh = t.open(
        'openat2',
        CWD,
        raw('/proc/thread-self/ns/mnt'),
        how(O_RDONLY, O_CLOEXEC),
      );
      t.ok('mount', '', '/' as never, '', flags(MS_REC, MS_SLAVE), '');
      tmpfs(t, 'a/x', 'unheard');
      t.ok('setns', home, CLONE_NEWNS);
      tmpfs(t, 'a/y', 'heard');
      t.ok('setns', fresh, CLONE_NEWNS);
    },
  },
  {
    name: 'MOVE_MOUNT_SET_GROUP lets a private mount join',
    run(t) {
      peers(t, 'b');
      mkdir(t, 'c');
      make(t, 'b', MS_PRIVATE);
      t.ok('move_mount', CWD, W('a'), CWD, W('b'), MOVE_MOUNT_SET_GROUP);
      tmpfs(t, 'b/x', 'to both');
      t.fails('EINVAL', 'move_mount', CWD, W('a'), CWD, W('b'), MOVE_MOUNT_SET_GROUP);
      tmpfs(t, 'c', 'other');
      t.fails('EINVAL', 'move_mount', CWD, W('a'), CWD, W('c'), MOVE_MOUNT_SET_GROUP);
      t.fails('EINVAL', 'move_mount', CWD, W('c'), CWD, W('b'), MOVE_MOUNT_SET_GROUP);
    },
  },
  {
    name: 'propagate_from names the visible group behind an invisible master',
    run(t) {
      peers(t, 'b', 'c');
      make(t, 'b', MS_SLAVE);
      make(t, 'b', MS_SHARED);
      mkdir(t, 'd');
      bind(t, 'b', 'd');
      make(t, 'd', MS_SLAVE);
      t.ok('umount2', W('b'), MNT_DETACH);
      t.ok('mount', named('x'), W('d/x'), 'tmpfs', NO_MS, '');
    },
  },
];
