import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBusyboxRoot } from '../../runtime/busybox-root.js';
import { sample, type Config } from './samples.js';

const EMPTIED = ['dev', 'proc', 'sys', 'tmp', 'mnt'];
const KEPT = [...EMPTIED, 'bin', 'etc'];

/** A bundle whose root is busybox alone. */
export class Bundle {
  readonly path = mkdtempSync(join(tmpdir(), 'nsinit-bundle-'));
  readonly rootfs: string;

  constructor(busybox: string) {
    // Who is not root has to get there too.
    chmodSync(this.path, 0o755);
    this.rootfs = join(this.path, 'rootfs');
    renameSync(makeBusyboxRoot(busybox).path, this.rootfs);
  }

  /** A directory in the bundle. */
  directory(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Writes config.json: that of `runc spec`, for a script without a terminal, and changed. */
  configure(script: string, change: (config: Config) => void = () => undefined): void {
    const config = sample('runc-spec');
    config.process.terminal = false;
    config.process.args = ['/bin/sh', '-c', script];
    change(config);
    this.write(JSON.stringify(config));
  }

  write(text: string): void {
    writeFileSync(join(this.path, 'config.json'), text);
  }

  /** Removes what a container has left in the root. */
  clean(): void {
    for (const name of readdirSync(this.rootfs))
      if (!KEPT.includes(name)) rmSync(join(this.rootfs, name), { recursive: true });
    for (const name of EMPTIED)
      for (const left of readdirSync(join(this.rootfs, name)))
        rmSync(join(this.rootfs, name, left), { recursive: true });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
