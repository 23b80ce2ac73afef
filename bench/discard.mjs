import { closePrepared } from '../build/src/runtime/start-command.js';

const SIGKILL = 9;

/** Ends prepared namespaces that were not launched in. */
export function discardPrepared(host, prepared) {
  closePrepared(host, prepared);
  const { runner, init } = prepared;
  for (const { pid } of [init, runner]) host.processes.kill(pid, SIGKILL);
  for (const { pid } of [runner, init]) host.processes.waitid(pid);
}
