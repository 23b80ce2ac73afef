import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBusybox, makeBusyboxRoot } from '../runtime/busybox-root.js';
import { PACKAGE } from './documents.js';
import type { CodeBlock } from './markdown.js';
import { environment } from '../integration/environment.js';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Where blocks are run: an empty directory, `nsinit` in the PATH, and for those marked `root` a
 * busybox root in place of the `/srv/root` that they name, in a mount namespace of their own.
 */
export class BlockPlace {
  readonly #directory = mkdtempSync(join(tmpdir(), 'nsinit-docs-'));
  #root: ReturnType<typeof makeBusyboxRoot> | undefined;

  constructor() {
    chmodSync(this.#directory, 0o755);
    mkdirSync(join(this.#directory, 'bin'));
    const command = join(this.#directory, 'bin/nsinit');
    writeFileSync(
      command,
      `#!/bin/sh\nexec ${process.execPath} ${join(PACKAGE, 'build/nsinit.cjs')} "$@"\n`,
    );
    chmodSync(command, 0o755);
  }

  /** Why a block cannot be run here, or undefined. */
  cannotRun({ marks }: CodeBlock): string | undefined {
    if (!marks.includes('root')) return undefined;
    if (process.geteuid?.() !== 0) return 'needs root';
    const found = findBusybox();
    if ('missing' in found) return found.missing;
    this.#root ??= makeBusyboxRoot(found.path);
    return undefined;
  }

  runModule(file: string, block: CodeBlock): Ran {
    writeFileSync(file, this.#inPlace(readFileSync(file, 'utf8'), block));
    return this.#run([process.execPath, '--enable-source-maps', file], block);
  }

  runScript(block: CodeBlock): Ran {
    const script = this.#inPlace(block.code.replace(/^\$ /gm, ''), block);
    return this.#run(['bash', '-eu', '-c', script], block);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
    this.#root?.remove();
  }

  #inPlace(code: string, { marks }: CodeBlock): string {
    if (this.#root === undefined || !marks.includes('root')) return code;
    return code.replaceAll('/srv/root', this.#root.path);
  }

  #run(command: readonly string[], { marks }: CodeBlock): Ran {
    const unshare = marks.includes('root') ? ['unshare', '--mount', '--propagation', 'slave'] : [];
    const [program = '', ...args] = [...unshare, ...command];
    const env = environment();
    return spawnSync(program, args, {
      cwd: join(this.#directory),
      encoding: 'utf8',
      timeout: 15_000,
      env: { ...env, NO_COLOR: '1', PATH: `${join(this.#directory, 'bin')}:${env.PATH}` },
    });
  }
}
