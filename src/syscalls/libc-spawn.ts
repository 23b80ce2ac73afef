import { loadLibc } from './libc.js';

// posix_spawn_file_actions_t has 80 bytes and posix_spawnattr_t 336, on glibc and on musl.
const ENOUGH_FOR_BOTH = 512;
const SIGSET_SIZE = 128;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;

/** Starts `path`; `descriptors` are pairs of a number here and the child's number. */
export type SpawnFunction = (
  path: string,
  argv: readonly string[],
  descriptors: readonly (readonly [number, number])[],
) => { readonly pid: number; readonly errno: number };

/**
 * Binds posix_spawn(3). It is vfork-like: no JavaScript runs in the child, and this process's
 * memory is not copied. (fork(2) itself is impossible here: V8 keeps its code out of the child.)
 */
export function bindSpawn(): SpawnFunction {
  const { library } = loadLibc();
  const posixSpawn = library.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  );
  const initActions = library.func('int posix_spawn_file_actions_init(void *actions)');
  const addDup2 = library.func(
    'int posix_spawn_file_actions_adddup2(void *actions, int from, int to)',
  );
  const destroyActions = library.func('int posix_spawn_file_actions_destroy(void *actions)');
  const attributes = bindAttributes();
  return (path, argv, descriptors) => {
    const actions = new Uint8Array(ENOUGH_FOR_BOTH);
    initActions(actions);
    // With both numbers alike it clears FD_CLOEXEC (glibc 2.29).
    // EBADF: the number is above the limit of open files.
    const refused = descriptors.map(([from, to]) => Number(addDup2(actions, from, to)));
    const pid = [0];
    const errno =
      refused.find((code) => code !== 0) ??
      Number(posixSpawn(pid, path, actions, attributes, [...argv, null], [null]));
    destroyActions(actions);
    return { pid: pid[0] ?? 0, errno };
  };
}

/** All signals at their default action and none blocked: Node ignores SIGPIPE and SIGXFSZ. */
function bindAttributes(): Uint8Array {
  const { library } = loadLibc();
  const attributes = new Uint8Array(ENOUGH_FOR_BOTH);
  library.func('int posix_spawnattr_init(void *attributes)')(attributes);
  library.func('int posix_spawnattr_setsigdefault(void *attributes, void *set)')(
    attributes,
    new Uint8Array(SIGSET_SIZE).fill(0xff),
  );
  library.func('int posix_spawnattr_setsigmask(void *attributes, void *set)')(
    attributes,
    new Uint8Array(SIGSET_SIZE),
  );
  library.func('int posix_spawnattr_setflags(void *attributes, short flags)')(
    attributes,
    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK,
  );
  return attributes;
}
