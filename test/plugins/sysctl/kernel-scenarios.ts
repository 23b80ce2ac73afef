import { readFileSync } from 'node:fs';
import { CLONE_NEWIPC, CLONE_NEWNET, flags } from 'nsinit';
import { SysctlStep } from 'nsinit/plugins/sysctl';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, runReal, type Scenario } from '../scenario.js';

const read = (path: string): string => readFileSync(`/proc/sys/${path}`, 'utf8').trim();

export const scenarios: Readonly<Record<string, Scenario>> = {
  "the machine's settings stay": {
    caller: 'root',
    run(sys) {
      const before = read('net/core/somaxconn');
      // Should it not be refused, the machine still has what it had.
      const settings = { 'net.core.somaxconn': before };
      const message = messageOf(() => runReal(sys, pipelineOf(SysctlStep, { settings })));
      return { message, same: read('net/core/somaxconn') === before };
    },
  },
  'settings of its own, and back': {
    run(sys) {
      sys.unshare(flags(CLONE_NEWIPC, CLONE_NEWNET));
      const settings = {
        'net.core.somaxconn': '77',
        'kernel/shmmni': '88',
        'net.ipv4.ping_group_range': '0 0',
      };
      const pipeline = pipelineOf(SysctlStep, { settings });
      const failed = messageOf(() => runReal(sys, failAfter(pipeline)));
      const undone = [read('net/core/somaxconn'), read('kernel/shmmni')];
      const { fallbacks } = runReal(sys, pipelineOf(SysctlStep, { settings }));
      const set = [
        read('net/core/somaxconn'),
        read('kernel/shmmni'),
        read('net/ipv4/ping_group_range'),
      ];
      return { failed, undone, set, fallbacks: fallbacks.map(({ fallback }) => fallback) };
    },
  },
  'a value that it does not take': {
    caller: 'root',
    run(sys) {
      sys.unshare(CLONE_NEWNET);
      const settings = { 'net.core.somaxconn': 'many' };
      return messageOf(() => runReal(sys, pipelineOf(SysctlStep, { settings })));
    },
  },
};
