import { hostname } from 'node:os';
import { CLONE_NEWUTS } from 'nsinit';
import { HostnameStep } from 'nsinit/plugins/hostname';
import { readFileSync } from 'node:fs';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, runReal, type Scenario } from '../scenario.js';

const names = (): string[] => [
  hostname(),
  readFileSync('/proc/sys/kernel/domainname', 'utf8').trim(),
];
const NAMED = { hostname: 'box', domainname: 'example.org' };

export const scenarios: Readonly<Record<string, Scenario>> = {
  "the machine's own name stays": {
    run(sys) {
      const before = names();
      // Should it not be refused, the machine is still called what it was.
      const same = { hostname: before[0] ?? '', domainname: before[1] ?? '' };
      const message = messageOf(() => runReal(sys, pipelineOf(HostnameStep, same)));
      return {
        same: names().join() === before.join(),
        refused: /UTS namespace|EPERM/.test(message ?? ''),
      };
    },
  },
  'names of its own, and back': {
    caller: 'root',
    run(sys) {
      const before = names();
      sys.unshare(CLONE_NEWUTS);
      runReal(sys, pipelineOf(HostnameStep, NAMED));
      const set = names();
      const again = { hostname: 'other', domainname: 'none.org' };
      messageOf(() => runReal(sys, failAfter(pipelineOf(HostnameStep, again))));
      return { set, undone: names(), changed: before.join() !== set.join() };
    },
  },
};
