import type { Credentials } from './credentials.js';
import type { Inode } from './inode.js';
import type { Location } from './location.js';
import type { Mount } from './mount.js';
import type { MountNamespace } from './mount-namespace.js';
import type { SimpleNamespace } from './namespaces.js';
import { FileTable } from './open-file.js';

/** Namespaces of a process beside the mount and the user namespace. */
export interface ProcessNamespaces {
  pid: SimpleNamespace;
  /** Where its next child will be (pid_namespaces(7)): it never changes its own. */
  pidForChildren: SimpleNamespace;
  net: SimpleNamespace;
  ipc: SimpleNamespace;
  uts: SimpleNamespace;
  cgroup: SimpleNamespace;
  time: SimpleNamespace;
}

/** The calling thread: where it stands, who it is, and what it has open. */
export class Process {
  readonly pid = 1000;
  readonly files = new FileTable();
  umask = 0o022;
  /** Node's threads share root, cwd and umask until one of them unshares (unshare(2), CLONE_FS). */
  sharesFileSystemState = true;

  constructor(
    public root: Location,
    public cwd: Location,
    public mountNamespace: MountNamespace,
    public readonly namespaces: ProcessNamespaces,
    public credentials: Credentials,
  ) {}

  /** How many of its references keep a mount busy (umount2(2), EBUSY). */
  referencesTo(mount: Mount): number {
    let count = 0;
    for (const file of this.files.files()) if (file.location.mount === mount) count += 1;
    if (this.root.mount === mount) count += 1;
    if (this.cwd.mount === mount) count += 1;
    return count;
  }

  /** Whether a file is open, or is where the process stands. */
  holds(inode: Inode): boolean {
    if (this.root.inode === inode || this.cwd.inode === inode) return true;
    for (const file of this.files.files()) if (file.location.inode === inode) return true;
    return false;
  }
}
