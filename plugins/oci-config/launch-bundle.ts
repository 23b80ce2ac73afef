import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { launch, NsinitError, type Container, type LaunchOptions } from 'nsinit';
import {
  fromOciConfig,
  OciConfigError,
  type OciContainer,
  type OciOptions,
} from './from-oci-config.js';
import { hookFailure, stateOf, type OciStatus } from './hook-state.js';
import type { OciHook } from './oci-plan.js';

/** How a bundle is launched: what its configuration does not say. */
export interface BundleOptions
  extends
    OciOptions,
    Pick<
      LaunchOptions,
      'stdio' | 'signal' | 'timeout' | 'killSignal' | 'dieWithParent' | 'noFallbacks'
    > {
  /** Told of each thing that is not carried out, and of hooks that fail when it is too late. */
  readonly warn?: (warning: string) => void;
}

/**
 * Reads the configuration of a bundle.
 *
 * @throws OciConfigError when there is none, or when it is not what it must be.
 */
export async function readBundle(bundle: string, options: OciOptions = {}): Promise<OciContainer> {
  const path = join(resolve(bundle), 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new OciConfigError([`${path} cannot be read: ${(cause as Error).message}`]);
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new OciConfigError([`${path} is not JSON: ${(cause as Error).message}`]);
  }
  return fromOciConfig(config, bundle, options);
}

/**
 * Starts the container of a bundle, with its hooks.
 *
 * @throws OciConfigError before anything was done; what `launch` throws; NsinitError when a
 *   poststart hook fails: the container has been ended then.
 */
export async function launchBundle(
  bundle: string,
  options: BundleOptions = {},
): Promise<Container> {
  const { id, command, accept, warn = () => undefined, ...extra } = options;
  const container = await readBundle(bundle, { id, command, accept });
  for (const warning of container.warnings) warn(warning);
  const stopped = (): Promise<void> => runStopHooks(container, warn);
  let running: Container;
  try {
    running = await launch({ ...container.launch, ...extra });
  } catch (error) {
    await stopped();
    throw error;
  }
  const ended = running.ended.then(stopped, stopped);
  try {
    await runStartHooks(container, running.pid);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    await ended;
    throw error;
  }
  return running;
}

/** Runs the poststart hooks. @throws NsinitError when one fails. */
export async function runStartHooks(container: OciContainer, pid: number): Promise<void> {
  for (const hook of container.hooks.poststart)
    await runHook(container, 'poststart', hook, { status: 'running', pid });
}

/** Runs all the poststop hooks; one that fails is told of and does not stop the others. */
export async function runStopHooks(
  container: OciContainer,
  warn: (warning: string) => void,
): Promise<void> {
  for (const hook of container.hooks.poststop) {
    try {
      await runHook(container, 'poststop', hook, { status: 'stopped' });
    } catch (error) {
      warn((error as Error).message);
    }
  }
}

/** In the namespaces of this program; nothing waits for it meanwhile but the caller. */
function runHook(
  { identity }: OciContainer,
  moment: string,
  { path, args: [argv0 = path, ...args], env, timeout }: OciHook,
  state: { readonly status: OciStatus; readonly pid?: number },
): Promise<void> {
  const child = spawn(path, args, {
    argv0,
    cwd: '/',
    env: Object.fromEntries(
      env.map((text): [string, string] => {
        const equals = text.indexOf('=');
        return [text.slice(0, equals), text.slice(equals + 1)];
      }),
    ),
    stdio: ['pipe', 2, 2],
    ...(timeout === undefined ? {} : { timeout: timeout * 1000, killSignal: 'SIGKILL' }),
  });
  // A hook need not read what it is told.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(stateOf(identity, state));
  const started = performance.now();
  return new Promise((done, fail) => {
    child.once('error', (cause) => {
      const message = `the ${moment} hook ${path} cannot be executed: ${cause.message}`;
      fail(new NsinitError('NSINIT_STEP', message, { cause }));
    });
    child.once('close', (code, signal) => {
      if (code === 0) done();
      const timedOut =
        signal === 'SIGKILL' &&
        timeout !== undefined &&
        performance.now() - started >= timeout * 1000;
      const message = hookFailure(moment, path, { code, signal, timedOut, timeout });
      fail(new NsinitError('NSINIT_STEP', message));
    });
  });
}
