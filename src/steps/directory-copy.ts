import type { StepContext } from '../pipeline/step.js';
import { AT_FDCWD, type Fd } from '../syscalls/descriptor.js';
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  STATX_BASIC_STATS,
} from '../syscalls/file-flags.js';
import { flags } from '../syscalls/flags.js';
import { readMountinfo } from '../syscalls/mountinfo.js';
import type { MountAttrFlags } from '../syscalls/mount-flags.js';
import { component, hostPath } from '../syscalls/paths.js';
import { SyscallError } from '../syscalls/syscall-error.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount, createMount, withFd, withoutUmask } from './attach-mount.js';
import { bindTree } from './bind-tree.js';
import type { RootPart } from './keys.js';

const HERE = flags(O_PATH, O_NOFOLLOW, O_CLOEXEC);
/** The container gets its own. */
export const OWN_DIRECTORIES: readonly string[] = ['/proc', '/sys', '/dev'];

/** An entry of the host's /, opened while nothing was mounted over it. */
interface Entry {
  readonly name: string;
  readonly fd: Fd;
  readonly mode: number;
  /** What is mounted there, or below, is locked in a user namespace: no overlay can have it. */
  readonly hasMounts: boolean;
}

/**
 * The entries of the host's / one by one, for a user namespace, where an overlay cannot have / below
 * it: the mounts on it are locked. A directory without mounts becomes an overlay of its own, all
 * else is shown read-only.
 */
export class DirectoryCopy {
  readonly #entries: readonly Entry[];
  readonly #others: Entry[] = [];
  /** What can be written to. */
  readonly parts: RootPart[] = [];

  /** Opens everything. @throws SyscallError */
  constructor(
    private readonly sys: Syscalls,
    private readonly context: StepContext,
  ) {
    const mountPoints = readMountinfo(sys).map(({ mountPoint }) => mountPoint);
    const how = { flags: flags(O_RDONLY, O_DIRECTORY, O_CLOEXEC) };
    this.#entries = withFd(sys, sys.openat2(AT_FDCWD, hostPath('/'), how), (top) =>
      this.#names(top).map((name) => {
        const fd = context.keep(sys.openat2(top, component(name), { flags: HERE }));
        const { mode } = sys.statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS);
        const path = `/${name}`;
        const hasMounts = mountPoints.some((at) => at === path || at.startsWith(`${path}/`));
        return { name, fd, mode, hasMounts };
      }),
    );
  }

  #names(top: Fd): string[] {
    const names: string[] = [];
    for (;;) {
      const entries = this.sys.getdents64(top);
      if (entries.length === 0) return names.filter((name) => name !== '.' && name !== '..').sort();
      for (const { name } of entries) names.push(name);
    }
  }

  /**
   * Makes what is made of overlays, and everything that is no directory.
   *
   * @param scratch has the directories `upper`, `work` and `root`; the copy is made in `root`.
   */
  makeOverlays(scratch: Fd, root: Fd): void {
    withoutUmask(this.sys, () => {
      for (const entry of this.#entries) this.#copy(entry, scratch, root);
    });
  }

  /** Shows the directories that cannot be below an overlay, with what is mounted there. */
  showOthers(): void {
    for (const { name, fd } of this.#others)
      withFd(this.sys, this.context.root.openIn(this.context.root.fd, name), (place) =>
        bindTree(this.sys, this.context, fd, place, { recursive: true, readonly: true }),
      );
  }

  #copy(entry: Entry, scratch: Fd, root: Fd): void {
    const { sys, context } = this;
    const { name, fd, mode } = entry;
    const type = mode & S_IFMT;
    if (type === S_IFLNK) {
      sys.symlinkat(sys.readlinkat(fd, ''), root, component(name));
    } else if (type === S_IFDIR) {
      sys.mkdirat(root, component(name), mode & 0o7777);
      if (OWN_DIRECTORIES.includes(`/${name}`)) return;
      if (!this.#cover(entry, scratch, root)) this.#others.push(entry);
    } else {
      withFd(sys, context.root.createFile(root, name, mode & 0o777), (place) =>
        bindTree(sys, context, fd, place, { readonly: true }),
      );
    }
  }

  /** @returns whether it was possible. */
  #cover(entry: Entry, scratch: Fd, root: Fd): boolean {
    const { name, hasMounts } = entry;
    if (hasMounts) return false;
    const { sys, context } = this;
    try {
      withFd(sys, context.root.openIn(root, name), (place) => {
        const mount = this.#overlay(entry, scratch);
        attachMount(sys, context, mount, place);
        this.parts.push({ name, mount });
      });
      return true;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      context.fallBack('read-only-copy', error);
      return false;
    }
  }

  #overlay(entry: Entry, scratch: Fd): Fd {
    const { sys } = this;
    // Not its name: overlayfs takes a backslash for an escape.
    const own = String(this.#entries.indexOf(entry));
    const above = `/proc/thread-self/fd/${scratch}`;
    for (const part of ['upper', 'work'])
      withFd(sys, this.context.root.openIn(scratch, part), (directory) =>
        // The overlay's own directory has the mode of this one.
        sys.mkdirat(directory, component(own), entry.mode & 0o7777),
      );
    return createMount(sys, {
      fstype: 'overlay',
      source: 'overlay',
      attributes: flags<MountAttrFlags>(),
      options: {
        lowerdir: `/proc/thread-self/fd/${entry.fd}`,
        upperdir: `${above}/upper/${own}`,
        workdir: `${above}/work/${own}`,
        // The trusted attributes cannot be written there (Linux 5.11).
        userxattr: true,
      },
    });
  }
}
