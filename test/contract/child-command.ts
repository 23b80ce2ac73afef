import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Caller } from './world.js';
import { environment } from '../integration/environment.js';

/** How a program is started in a mount namespace of its own, or why it cannot be. */
export type ChildCommand =
  | { readonly file: string; readonly args: string[]; readonly env: NodeJS.ProcessEnv }
  | { readonly unavailable: string };

const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

const STARTS: Readonly<Record<Caller, readonly string[]>> = {
  root: ['unshare', '-m'],
  'user-namespace': [...AS_NOBODY, 'unshare', '-Urm'],
  'own-namespaces': [...AS_NOBODY, 'unshare', '-Urmpinu', '--fork'],
};

/**
 * The command that runs a module with a caller's privileges. Only namespaces of its own are ever
 * changed, which the kernel undoes when the program ends.
 */
export function childCommand(caller: Caller, module: URL, ...rest: string[]): ChildCommand {
  if (process.platform !== 'linux') return { unavailable: `this is ${process.platform}` };
  if (process.geteuid?.() !== 0)
    return { unavailable: 'it takes root to hold it against the kernel' };
  // The suite may run from sources or from what was compiled of them.
  const script = fileURLToPath(module);
  const node = [
    process.execPath,
    ...process.execArgv,
    existsSync(script) ? script : script.replace(/\.js$/, '.ts'),
    caller,
    ...rest,
  ];
  const [file = '', ...start] = STARTS[caller];
  if (caller !== 'root') {
    const probe = spawnSync(file, [...start, 'test', '-r', node.at(-2 - rest.length) ?? ''], {
      encoding: 'utf8',
    });
    if (probe.status !== 0) {
      const reason = `user 65534 cannot make namespaces or read the sources ${probe.stderr}`;
      return { unavailable: reason.trim() };
    }
  }
  return { file, args: [...start, ...node], env: environment() };
}
