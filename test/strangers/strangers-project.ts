import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { environment } from '../integration/environment.js';

const REPOSITORY = resolve('.');
const FIXTURES = join(REPOSITORY, 'test/strangers/fixtures');

/** A program that needs nothing of a root. */
export const BUSYBOX = '/bin/busybox';
const NOBODY = 65_534;

/** What a program that ran has written; its status is 0. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the test failed. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

/** Runs a program. @throws ProgramError with what it wrote, unless it ends with the wanted status. */
export function run(
  command: readonly string[],
  options: { readonly cwd: string; readonly wanted?: number },
): Output {
  const [file = '', ...args] = command;
  const env = { ...environment(), npm_config_update_notifier: 'false' };
  const ended: SpawnSyncReturns<string> = spawnSync(file, args, {
    cwd: options.cwd,
    encoding: 'utf8',
    env,
  });
  const { status, signal, stdout, stderr, error } = ended;
  if (error === undefined && status === (options.wanted ?? 0)) return { stdout, stderr };
  const how = error?.message ?? `ended with ${status ?? signal}`;
  throw new ProgramError(`${command.join(' ')}: ${how}\n${stdout}${stderr}`);
}

// The step verify refuses descriptors that a command would inherit; those of who runs the tests
// are not the stranger's.
const UNSHARE = `for fd in /proc/$$/fd/*; do
  fd=\${fd##*/}; [ "$fd" -le 2 ] || exec {fd}>&-
done
exec unshare --mount "$@"`;

const NPM = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Packages of somebody who knows nsinit from its tarball alone, in a folder far from this
 * repository: one written in TypeScript with decorators and a tsyringe of its own, one in plain
 * JavaScript, and an application that uses both.
 */
export class StrangersProject {
  readonly folder: string;
  readonly app: string;
  readonly rootfs: string;

  private constructor(readonly tarball: string) {
    this.folder = join(dirname(tarball), 'project');
    this.app = join(this.folder, 'app');
    this.rootfs = join(this.app, 'root');
  }

  /**
   * Installs the packed package, as `npm install` of a published version would.
   *
   * @param tarball in a folder of its own, which becomes the project's.
   * @throws ProgramError when something of it fails, such as a step's types.
   */
  static create(tarball: string): StrangersProject {
    const project = new StrangersProject(tarball);
    const { folder } = project;
    cpSync(FIXTURES, folder, { recursive: true });
    npmInstall(folder, [project.tarball]);
    const tsc = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
    run([process.execPath, tsc, '-p', '.'], { cwd: join(folder, 'acme-stamp-ts') });
    return project;
  }

  /** The versions of tsyringe that are installed, each a copy of its own. */
  tsyringes(): readonly string[] {
    return ['app', 'acme-stamp-ts', '.', 'node_modules/nsinit']
      .map((below) => join(this.folder, below, 'node_modules/tsyringe/package.json'))
      .filter((file) => existsSync(file))
      .map((file) => (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version);
  }

  /**
   * The step's own tests on the model, without privileges.
   *
   * @returns how many passed.
   */
  testOnModel(node: string): number {
    const args = [node, '--test', '--test-reporter=tap', 'steps.test.mjs'];
    const { stdout } = run([...asNobody(), ...args], { cwd: this.app });
    return Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
  }

  /** A set-up in a mount namespace of its own, by a program of the application. */
  runForReal(node: string, kind: 'ts' | 'js', program = 'real.mjs'): Output {
    this.#makeRoot();
    const command = [node, program, kind, this.rootfs];
    return run(['bash', '-c', UNSHARE, 'bash', ...command], { cwd: this.app });
  }

  /** The application in one file, with nsinit and both copies of tsyringe in it. */
  async bundle(): Promise<string> {
    await build({
      absWorkingDir: this.app,
      entryPoints: ['real.mjs'],
      outfile: join(this.app, 'bundled.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['koffi'],
      logLevel: 'error',
    });
    return 'bundled.mjs';
  }

  /** The installed command. */
  nsinit(node: string, args: readonly string[], user: 'nobody' | 'self' = 'self'): Output {
    this.#makeRoot();
    const prefix = user === 'nobody' ? asNobody() : [];
    const command = join(this.folder, 'node_modules/nsinit/build/nsinit.cjs');
    return run([...prefix, node, command, ...args], { cwd: this.app });
  }

  // A root for each run: the last one's stamp would be in the way.
  #makeRoot(): void {
    rmSync(this.rootfs, { recursive: true, force: true });
    mkdirSync(join(this.rootfs, 'bin'), { recursive: true });
    symlinkSync('build-41', join(this.rootfs, 'current'));
    if (existsSync(BUSYBOX)) cpSync(BUSYBOX, join(this.rootfs, 'bin/busybox'));
    if (process.geteuid?.() === 0) chownSync(this.rootfs, NOBODY, NOBODY);
  }
}

/** A folder for a project, which an ordinary user may read. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nsinit-strangers-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** A package's tarball, and what is in it. */
export interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
}

/** Makes this package's tarball. */
export function pack(into: string): Packed {
  const args = ['--ignore-scripts', '--json', '--pack-destination', into];
  const { stdout } = run(['npm', 'pack', ...args], { cwd: REPOSITORY });
  const [{ filename, files }] = JSON.parse(stdout) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  return { tarball: join(into, filename), files: files.map(({ path }) => path) };
}

/** Installs packages into a folder. @throws ProgramError */
export function npmInstall(folder: string, packages: readonly string[]): void {
  run(['npm', 'install', '--prefix', folder, ...NPM, ...packages], { cwd: folder });
}

function asNobody(): readonly string[] {
  return process.geteuid?.() === 0
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    : [];
}
