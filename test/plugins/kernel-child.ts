import { writeSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import {
  AT_FDCWD,
  CLONE_NEWNS,
  flags,
  hostPath,
  LinuxSyscalls,
  MS_PRIVATE,
  MS_REC,
  O_CLOEXEC,
  O_RDONLY,
  sourceName,
  type MountFlags,
} from 'nsinit';
import type { Scenario } from './scenario.js';

// Run by real-kernel.ts in a mount namespace of its own; prints one object of JSON.
const [, , caller = 'root', module = ''] = process.argv;
const { scenarios } = (await import(module)) as { scenarios: Record<string, Scenario> };
const sys = new LinuxSyscalls();
sys.unshare(CLONE_NEWNS);
const home = sys.openat2(AT_FDCWD, hostPath('/proc/thread-self/ns/mnt'), {
  flags: flags(O_RDONLY, O_CLOEXEC),
});
const results: Record<string, unknown> = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  if (scenario.caller !== undefined && scenario.caller !== caller) continue;
  sys.setns(home, CLONE_NEWNS);
  sys.unshare(CLONE_NEWNS);
  sys.mount('', hostPath('/'), '', flags(MS_REC, MS_PRIVATE), '');
  sys.mount(sourceName('test'), hostPath('/mnt'), 'tmpfs', 0 as MountFlags, 'mode=755');
  mkdirSync('/mnt/root');
  try {
    results[name] = scenario.run(sys);
  } catch (error) {
    results[name] = { error: error instanceof Error ? error.message : String(error) };
  }
}
writeSync(1, JSON.stringify(results));
