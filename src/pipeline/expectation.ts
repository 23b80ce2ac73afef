import { AT_EMPTY_PATH, STATX_BASIC_STATS, STATX_MNT_ID } from '../syscalls/file-flags.js';
import type { Fd } from '../syscalls/descriptor.js';
import { flags } from '../syscalls/flags.js';
import type { MountAttrFlags } from '../syscalls/mount-flags.js';
import type { DeviceNumber, Syscalls } from '../syscalls/syscalls.js';
import { sharedKey, type Key } from './key.js';

/** A mount that has to be there when the set-up has ended. */
export interface MountExpectation {
  /** Its id: statx(2), STATX_MNT_ID. */
  readonly mount: bigint;
  /** For messages, when it is gone. */
  readonly name: string;
  /** Flags that it has to have; it may have others as well. */
  readonly attributes?: MountAttrFlags;
  /** Whether the mounts below it have to have them too. */
  readonly recursive?: boolean;
  /** What is promised of the mount that it is below does not hold for it. */
  readonly keepsFlags?: boolean;
  /** It may be or contain the host's proc or sys: that was asked for. */
  readonly showsHost?: boolean;
  /** It may be shared, although mounts of the container are not. */
  readonly shared?: boolean;
}

/** A file that has to be there: a device node, a symbolic link, or another type. */
export interface FileExpectation {
  /** In the container, absolute. */
  readonly path: string;
  /** The `S_IF` bits. */
  readonly type: number;
  /** Of a device node. */
  readonly device?: DeviceNumber;
  /** What a symbolic link says. */
  readonly target?: string;
}

/** How far the container's mounts may spread; the last one counts. */
export interface PropagationExpectation {
  /** No mount is shared, or none even receives what the host mounts. */
  readonly propagation: 'not-shared' | 'private' | 'any';
}

/** Something else, which a step knows how to look up. */
export interface OtherExpectation {
  /** As it ends the sentence "it was asked that …". */
  readonly that: string;
  /** Looks, in the finished container. It changes nothing. */
  holds(syscalls: Syscalls): boolean;
}

/** What a step promises of the finished container; `verify` holds it to that. */
export type Expectation =
  MountExpectation | FileExpectation | PropagationExpectation | OtherExpectation;

/** All that the steps of a run have promised so far. */
export const EXPECTATIONS: Key<readonly Expectation[]> = sharedKey('expectations');

/** A mount by the descriptor of its root, as something to expect. @throws SyscallError */
export function expectedMount(
  sys: Syscalls,
  mount: Fd,
  wanted: Omit<MountExpectation, 'mount' | 'name'> = {},
): MountExpectation {
  const { mntId } = sys.statx(mount, '', AT_EMPTY_PATH, flags(STATX_BASIC_STATS, STATX_MNT_ID));
  return { mount: mntId, name: sys.descriptors.get(mount), ...wanted };
}
