import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '../../src/pipeline/run.js';
import { ContainerThread, planNamespaces } from '../../src/runtime/start-container.js';
import { openNamespace, prepareNamespaces } from '../../src/runtime/prepared-namespaces.js';
import type { SetUp, SetUpContext } from '../../src/runtime/set-up.js';
import { AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { MS_PRIVATE, MS_REC, type MountFlags } from '../../src/syscalls/mount-flags.js';
import { hostPath, sourceName, type InRootPath } from '../../src/syscalls/paths.js';
import { CLONE_FS, CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import { contentPieces } from '../../src/syscalls/replay/text-pieces.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';
import { readAll } from '../../src/syscalls/whole-content.js';
import { withFd } from '../../src/syscalls/with-fd.js';

/** What came of a set-up: its error, or what the container looks like from inside. */
export interface SetUpResult {
  readonly error?: string;
  readonly steps?: readonly string[];
  readonly replayed?: boolean;
  /** Mounts, with the kernel's numbers counted from 1; files of /dev; umask and directory. */
  readonly inside?: readonly string[];
  /** What the root directory has afterwards, from outside. */
  readonly left: readonly string[];
  /** Descriptors that were opened and not closed. */
  readonly leaked: number;
}

/** Runs set-ups one after the other in this process, which has to have a mount namespace of its own. */
export class SetUpArena {
  readonly sys: Syscalls;
  readonly rootfs: string;
  readonly source: string;
  readonly context: SetUpContext;
  readonly #home: Fd;
  readonly #proc: Fd;

  /** @param base an empty directory. */
  constructor(base: string) {
    const { host } = new ContainerThread();
    const { syscalls } = host;
    this.sys = syscalls;
    const none = 0 as MountFlags;
    syscalls.mount('', hostPath('/'), '', flags(MS_REC, MS_PRIVATE), '');
    syscalls.mount(sourceName('test'), hostPath(base), 'tmpfs', none, 'mode=755');
    const { namespaces } = planNamespaces({});
    const { pidNamespace } = prepareNamespaces(host, namespaces);
    this.context = { pidNamespace, userNamespace: false } as SetUpContext;
    syscalls.unshare(CLONE_FS);
    this.#home = openNamespace(syscalls, process.pid, 'mnt');
    this.#proc = syscalls.openat2(AT_FDCWD, hostPath('/proc'), {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
    this.rootfs = join(base, 'root');
    this.source = join(base, 'source');
    this.reset();
  }

  /** Makes the root and what is bound into it anew. */
  reset(): void {
    for (const path of [this.rootfs, this.source]) rmSync(path, { recursive: true, force: true });
    for (const name of ['', 'dev', 'proc', 'sys', 'etc', 'tmp', 'data'])
      mkdirSync(join(this.rootfs, name), { recursive: true });
    mkdirSync(this.source);
    writeFileSync(join(this.source, 'file'), 'given\n');
  }

  /** Runs one; the thread is home again afterwards. */
  run(setUp: SetUp<RunReport>, through: Syscalls = this.sys): SetUpResult {
    const before = readdirSync('/proc/self/fd').length;
    const outcome = this.#visit(setUp, through);
    const leaked = readdirSync('/proc/self/fd').length - before;
    return { ...outcome, left: tree(this.rootfs), leaked };
  }

  #visit(setUp: SetUp<RunReport>, through: Syscalls): Omit<SetUpResult, 'left' | 'leaked'> {
    const { sys } = this;
    const umask = sys.umask(0o027);
    sys.unshare(CLONE_NEWNS);
    try {
      const { steps, replayed } = setUp(through, this.context);
      const inside = this.#inside();
      return { steps: steps.map(({ step }) => step), replayed: replayed === true, inside };
    } catch (error) {
      return { error: describe(error) };
    } finally {
      sys.setns(this.#home, CLONE_NEWNS);
      sys.umask(umask);
    }
  }

  #inside(): string[] {
    const { sys } = this;
    const umask = sys.umask(0);
    sys.umask(umask);
    const how = { flags: flags(O_RDONLY, O_CLOEXEC) };
    const mounts = sys.openat2(this.#proc, 'thread-self/mountinfo' as InRootPath, how);
    const text = withFd(sys, mounts, () => readAll(sys, mounts));
    return [`umask ${umask}`, `in ${sys.getcwd()}`, ...counted(text), ...tree('/dev')];
  }
}

/** Mounts, with the kernel's numbers counted from 1 in the order in which they appear. */
function counted(mountinfo: string): string[] {
  const known = new Map<string, number>();
  const numberOf = (key: string): number => {
    known.set(key, known.get(key) ?? known.size + 1);
    return known.get(key) as number;
  };
  return contentPieces('/mountinfo', mountinfo)
    .map((piece) =>
      'literal' in piece ? piece.literal : `#${numberOf(`${piece.class} ${piece.number}`)}`,
    )
    .join('')
    .trimEnd()
    .split('\n');
}

/** Files with their modes and devices, and what links say. */
function tree(path: string): string[] {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(path, { withFileTypes: true })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const name = join(path, entry.name);
      const { mode, rdev } = lstatSync(name);
      const link = entry.isSymbolicLink() ? ` -> ${readlinkSync(name)}` : '';
      const below = entry.isDirectory() && !name.startsWith('/dev/') ? tree(name) : [];
      return [`${name} ${mode.toString(8)} ${rdev}${link}`, ...below];
    });
}

const codeOf = ({ code, undo = '' }: Error & { code?: string; undo?: string }): string =>
  `${code} ${undo}`;

/** With everything that a caller can tell it by. */
function describe(error: unknown): string {
  const parts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause as unknown)
    parts.push(`${codeOf(each)} ${each.message}`);
  return parts.join(' < ');
}
