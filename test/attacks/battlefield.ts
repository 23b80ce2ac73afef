import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { openPseudoTerminal } from '../../src/runtime/terminal.js';
import { TERMINAL } from '../../src/steps/keys.js';
import { createPreset, type PresetOptions } from '../../src/steps/presets.js';
import { asFd, AT_FDCWD, type Fd } from '../../src/syscalls/descriptor.js';
import {
  F_SETFD,
  FD_CLOEXEC,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  STATX_BASIC_STATS,
  type AtFlags,
} from '../../src/syscalls/file-flags.js';
import { flags } from '../../src/syscalls/flags.js';
import { MS_NOSUID, MS_REC, MS_SHARED } from '../../src/syscalls/mount-flags.js';
import { parseMountinfo, type MountinfoEntry } from '../../src/syscalls/mountinfo.js';
import { hostPath, sourceName, type InRootPath } from '../../src/syscalls/paths.js';
import { CLONE_NEWNS } from '../../src/syscalls/process-flags.js';
import type { Statx } from '../../src/syscalls/syscalls.js';
import { readAll } from '../../src/syscalls/whole-content.js';
import type { Way } from './attack-case.js';
import { difference, makeCanary, snapshot, snapshotDev } from './canary.js';
import { BIND_DIRECTORY, BIND_FILE, TMPFS } from './places.js';
import { ReplayCountingSyscalls } from './replay-counting-syscalls.js';

const NO_FLAGS = flags<AtFlags>();

/** What is compared before and after. */
interface HostState {
  readonly canary: readonly string[];
  readonly dev: readonly string[];
  readonly mounts: readonly string[];
}

/**
 * A stand-in for a host, in this process's mount namespace, which has to be its own: a tmpfs with a
 * canary, with roots beside it, and mounts that spread to peers as those of a real host do.
 */
export class Battlefield {
  readonly sys = new ReplayCountingSyscalls();
  readonly canary: string;
  readonly canaryStat: Statx;
  readonly #home: Fd;
  readonly #proc: Fd;
  readonly #terminal: Fd;
  #roots = 0;
  #host: Omit<HostState, 'mounts'> | undefined;

  /**
   * @param base an empty directory.
   * @param change what is done to each pipeline before it runs.
   */
  constructor(
    readonly base: string,
    private readonly change = (pipeline: Pipeline): Pipeline => pipeline,
  ) {
    const { sys } = this;
    this.#inheritNothing();
    sys.unshare(CLONE_NEWNS);
    sys.mount(sourceName('host'), hostPath(base), 'tmpfs', MS_NOSUID, 'mode=755');
    sys.mount('', hostPath('/'), '', flags(MS_SHARED, MS_REC), '');
    const read = flags(O_RDONLY, O_CLOEXEC);
    this.#home = sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'), { flags: read });
    this.#proc = sys.openat2(AT_FDCWD, hostPath('/proc'), {
      flags: flags(O_PATH, O_DIRECTORY, O_CLOEXEC),
    });
    this.#terminal = openPseudoTerminal(sys, { columns: 80, rows: 24 }).master;
    this.canary = join(base, 'host');
    makeCanary(sys, this.canary);
    this.canaryStat = sys.statx(AT_FDCWD, hostPath(this.canary), NO_FLAGS, STATX_BASIC_STATS);
    mkdirSync(join(base, 'source'));
    for (const name of ['source/inside', 'source-file']) writeFileSync(join(base, name), 'given\n');
  }

  /** What whoever started the tests has left open is not nsinit's. */
  #inheritNothing(): void {
    for (const fd of readdirSync('/proc/self/fd').map(Number)) {
      if (fd <= 2 || !existsSync(`/proc/self/fd/${fd}`)) continue;
      this.sys.fcntl(asFd(fd), F_SETFD, FD_CLOEXEC);
    }
  }

  /** A directory that looks like an image. */
  makeRoot(): string {
    this.#roots += 1;
    const root = join(this.base, `root-${this.#roots}`);
    for (const name of ['', 'dev', 'proc', 'sys', 'etc', 'tmp', 'data', 'data/in'])
      mkdirSync(join(root, name));
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
    return root;
  }

  removeRoot(root: string): void {
    rmSync(root, { recursive: true, force: true });
  }

  /** Every place is used by it. */
  pipeline(way: Way, options: PresetOptions = {}): Pipeline {
    const preset = createPreset(way.startsWith('classic') ? 'classic' : 'standard', {
      noPivot: way.endsWith('move'),
      loopDevices: true,
      console: true,
      mounts: [
        { bind: join(this.base, 'source'), target: BIND_DIRECTORY },
        { bind: join(this.base, 'source-file'), target: BIND_FILE },
        { tmpfs: TMPFS },
      ],
      ...options,
    });
    return this.change(preset);
  }

  /** Runs a pipeline in a namespace of its own; `inside` is called in the finished root. */
  run(pipeline: Pipeline, rootfs: string, inside: () => void): void {
    this.visit(
      () => pipeline.run({ syscalls: this.sys, rootfs, provide: [[TERMINAL, this.#terminal]] }),
      inside,
    );
  }

  /** Sets a root up in a namespace of its own; `inside` is called when it is finished. */
  visit(setUp: () => void, inside: () => void): void {
    const { sys } = this;
    const umask = sys.umask(0o022);
    sys.unshare(CLONE_NEWNS);
    try {
      setUp();
      inside();
    } finally {
      sys.setns(this.#home, CLONE_NEWNS);
      sys.umask(umask);
    }
  }

  /** Mounts that this thread can reach now; readable where it has no /proc. */
  mounts(): readonly MountinfoEntry[] {
    const path = 'thread-self/mountinfo' as InRootPath;
    const fd = this.sys.openat2(this.#proc, path, { flags: flags(O_RDONLY, O_CLOEXEC) });
    try {
      return parseMountinfo(readAll(this.sys, fd));
    } finally {
      this.sys.close(fd);
    }
  }

  descriptors(): number {
    return readdirSync('/proc/self/fd').length;
  }

  /** The state before an attack. What is not a mount is known from the last comparison. */
  hostState(): HostState {
    this.#host ??= { canary: snapshot(this.canary), dev: snapshotDev() };
    return { ...this.#host, mounts: this.#mountLines() };
  }

  #mountLines(): string[] {
    const shown = ({ id, parent, mountPoint, options, propagation }: MountinfoEntry): string =>
      [id, parent, mountPoint, options, ...propagation].join(' ');
    return this.mounts().map(shown);
  }

  /** What of the host is not as it was. */
  changesSince(before: HostState): string[] {
    this.#host = undefined;
    const now = this.hostState();
    return [
      ...difference(before.canary, now.canary).map((line) => `canary ${line}`),
      ...difference(before.dev, now.dev).map((line) => `host's /dev ${line}`),
      ...difference(before.mounts, now.mounts).map((line) => `host's mounts ${line}`),
    ];
  }
}
