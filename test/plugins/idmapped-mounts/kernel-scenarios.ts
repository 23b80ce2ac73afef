import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { openUserNamespace, type LinuxSyscalls } from 'nsinit';
import { IdmappedMountsStep, type IdmappedMount } from 'nsinit/plugins/idmapped-mounts';
import { pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

const MAP = [{ inside: 0, outside: 100000, count: 1000 }];

function makeSource(): void {
  mkdirSync('/mnt/s');
  for (const id of [0, 5, 2000]) {
    writeFileSync(`/mnt/s/${id}`, '');
    chownSync(`/mnt/s/${id}`, id, id);
  }
}

function bind(sys: LinuxSyscalls, mount: Omit<IdmappedMount, 'userNamespace'>): void {
  // Let go at once: the mount keeps it.
  using ids = openUserNamespace({ uids: MAP, gids: MAP });
  const mounts = [{ ...mount, userNamespace: ids.path }];
  runReal(sys, pipelineOf(IdmappedMountsStep, { mounts }));
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'owners are mapped': {
    run(sys) {
      makeSource();
      bind(sys, { source: '/mnt/s', target: '/data', nosuid: true });
      return {
        lines: realMounts().map((line) => line.replace(/ tmpfs.*/, '')),
        owners: [0, 5, 2000].map((id) => statSync(`${REAL_ROOT}/data/${id}`).uid),
        below: statSync('/mnt/s/5').uid,
      };
    },
  },
  'what takes no map': {
    run: (sys) =>
      messageOf(() => bind(sys, { source: '/proc', target: '/p' }))?.replace(/^.*EINVAL/, 'EINVAL'),
  },
};
