import { S_IFDIR } from '../file-flags.js';
import type { ErrnoName } from '../errno.js';
import type { DeviceNumber, Timespec } from '../syscalls.js';
import { Inode } from './inode.js';
import type { UserNamespace } from './user-namespace.js';

/** What may be made in a directory of a file system. */
export type Creation = 'file' | 'directory' | 'node' | 'link';

/** What all file systems of a type have in common. */
export interface FileSystemTraits {
  readonly type: string;
  /** What fstatfs(2) reports (linux/magic.h). */
  readonly magic: number;
  /** Why something cannot be made in it. */
  refuses?(what: Creation): ErrnoName | undefined;
  /** proc and sysfs show the kernel: see `tooRevealing`. */
  readonly revealing?: true;
  /** Device nodes in it are dead (`SB_I_NODEV`). */
  readonly noDevices?: true;
}

/** A mounted file system (a super block): its tree, and what is shared by all its mounts. */
export class FileSystem {
  readonly root: Inode;
  /** Read-only as a whole, beside the flag that each mount of it has. */
  readonly = false;
  synchronous = false;
  directorySynchronous = false;
  lazyTime = false;
  /** Its own options as mountinfo prints them after `rw`. */
  options = '';
  /** Size in blocks of 4096 bytes, 0 for no limit. */
  blocks = 0;
  #nextIno = 1;

  constructor(
    readonly traits: FileSystemTraits,
    readonly device: DeviceNumber,
    /** Who may reconfigure it, and whose devices it may hold. */
    readonly owner: UserNamespace,
    rootMode = 0o755,
    private readonly clock: () => Timespec,
    uid = 0,
    gid = 0,
  ) {
    this.root = this.inode(S_IFDIR | rootMode, uid, gid);
  }

  /** Makes a file that has no name yet. */
  inode(mode: number, uid: number, gid: number): Inode {
    return new Inode(this, this.#nextIno++, mode, uid, gid, this.clock());
  }

  now(): Timespec {
    return this.clock();
  }
}
