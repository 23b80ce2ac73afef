import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBusyboxRoot } from '../../runtime/busybox-root.js';
import { sample, type Config } from './samples.js';

/** A bundle whose root is busybox alone. */
export class Bundle {
  readonly path = mkdtempSync(join(tmpdir(), 'nsinit-bundle-'));
  readonly rootfs: string;
  readonly #removeRoot: () => void;

  constructor(busybox: string) {
    // Who is not root has to get there too.
    chmodSync(this.path, 0o755);
    const root = makeBusyboxRoot(busybox);
    this.#removeRoot = root.remove;
    this.rootfs = root.path;
    symlinkSync(root.path, join(this.path, 'rootfs'));
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

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    this.#removeRoot();
  }
}
