import type { Fallback, StepContext } from '../pipeline/step.js';
import type { Fd } from '../syscalls/descriptor.js';
import { flags } from '../syscalls/flags.js';
import {
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_REC,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type MountAttrFlags,
} from '../syscalls/mount-flags.js';
import { fdPath } from '../syscalls/paths.js';
import type { Syscalls } from '../syscalls/syscalls.js';
import { attachMount } from './attach-mount.js';
import { lacksMountApi, OLD_MOUNT_API, takeMounted } from './old-mount-api.js';
import { makeReadonly, READONLY_BY_REMOUNT } from './readonly-mount.js';

/** What steps that bind have to declare. */
export const BIND_FALLBACKS: Readonly<Record<string, Fallback>> = {
  ...OLD_MOUNT_API,
  ...READONLY_BY_REMOUNT,
};

/** How a file or directory is bound. */
export interface BindTreeOptions {
  /** With what is mounted below it. */
  readonly recursive?: boolean;
  readonly readonly?: boolean;
  /** With `readonly` what else it may not: nosuid and its like. */
  readonly attributes?: MountAttrFlags;
  /** It may show the host's proc or sys. */
  readonly showsHost?: boolean;
}

/** Binds a file or directory on another, both by descriptor. The step declares BIND_FALLBACKS. */
export function bindTree(
  sys: Syscalls,
  context: StepContext,
  source: Fd,
  target: Fd,
  { recursive = false, readonly = false, attributes, showsHost = false }: BindTreeOptions = {},
): void {
  const restricted = flags(MOUNT_ATTR_RDONLY, ...(attributes === undefined ? [] : [attributes]));
  const expected = {
    showsHost,
    ...(readonly ? { attributes: restricted, recursive } : {}),
  };
  const mount = bindNew(sys, context, source, target, recursive, expected);
  if (readonly) makeReadonly(sys, context, mount, recursive, { attributes: restricted });
}

function bindNew(
  sys: Syscalls,
  context: StepContext,
  source: Fd,
  target: Fd,
  recursive: boolean,
  expected: Parameters<typeof attachMount>[4],
): Fd {
  const how = flags(OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, OPEN_TREE_AT_EMPTY_PATH);
  try {
    const tree = sys.open_tree(source, '', recursive ? flags(how, OPEN_TREE_AT_RECURSIVE) : how);
    attachMount(sys, context, tree, target, expected);
    return tree;
  } catch (error) {
    if (!lacksMountApi(sys, error)) throw error;
    context.fallBack('old-mount-api', error);
    const mountFlags = recursive ? flags(MS_BIND, MS_REC) : MS_BIND;
    sys.mount(fdPath(source), fdPath(target), '', mountFlags, '');
    return takeMounted(sys, context, target, expected ?? {});
  }
}
