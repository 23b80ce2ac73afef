import { O_RDONLY, O_WRONLY } from '../../../src/syscalls/file-flags.js';
import { flags } from '../../../src/syscalls/flags.js';
import { CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWUTS } from '../../../src/syscalls/process-flags.js';
import type { ContractCase } from '../contract-case.js';
import type { Trial } from '../trial.js';
import { CWD, how, raw } from './kit.js';

function set(t: Trial, name: string, value: string): void {
  const fd = t.open('openat2', CWD, raw(`/proc/sys/${name}`), how(O_WRONLY));
  t.do('write', fd, new TextEncoder().encode(value));
  t.do('close', fd);
}

function show(t: Trial, name: string): void {
  const fd = t.open('openat2', CWD, raw(`/proc/sys/${name}`), how(O_RDONLY));
  t.do('read', fd, 4096);
  t.do('close', fd);
}

const OWN = flags(CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWUTS);

/** Settings below /proc/sys that belong to a namespace. */
export const SETTINGS: readonly ContractCase[] = [
  {
    name: 'settings of an IPC namespace',
    caller: 'root',
    isolated: true,
    run(t) {
      t.ok('unshare', OWN);
      const numbers = ['shmmni', 'shmmax', 'shm_rmid_forced', 'msgmax', 'msgmnb', 'sem'];
      for (const name of numbers) show(t, `kernel/${name}`);
      set(t, 'kernel/shmmni', '100');
      set(t, 'kernel/shm_rmid_forced', '1\n');
      set(t, 'kernel/shm_rmid_forced', '2');
      set(t, 'kernel/msgmax', 'many');
      set(t, 'kernel/msgmax', '-5');
      set(t, 'kernel/sem', '250 32000');
      for (const name of numbers) show(t, `kernel/${name}`);
      for (const name of ['msg_max', 'msgsize_max', 'queues_max']) show(t, `fs/mqueue/${name}`);
      set(t, 'fs/mqueue/msg_max', '20');
      set(t, 'fs/mqueue/msg_max', '0');
      show(t, 'fs/mqueue/msg_max');
    },
  },
  {
    name: 'settings of a network namespace',
    caller: 'root',
    isolated: true,
    run(t) {
      t.ok('unshare', OWN);
      show(t, 'net/core/somaxconn');
      set(t, 'net/core/somaxconn', '512');
      show(t, 'net/core/somaxconn');
      set(t, 'net/ipv4/ip_forward', '1');
      show(t, 'net/ipv4/ip_forward');
      show(t, 'net/ipv4/ip_unprivileged_port_start');
      set(t, 'net/ipv4/ip_unprivileged_port_start', '0');
      set(t, 'net/ipv4/ip_unprivileged_port_start', '70000');
      show(t, 'net/ipv4/ip_unprivileged_port_start');
      show(t, 'net/ipv4/ping_group_range');
      set(t, 'net/ipv4/no-such', '1');
    },
  },
  {
    name: 'names of a UTS namespace',
    caller: 'root',
    isolated: true,
    run(t) {
      t.ok('unshare', OWN);
      set(t, 'kernel/hostname', 'box\nmore');
      show(t, 'kernel/hostname');
      t.ok('setdomainname', 'example');
      show(t, 'kernel/domainname');
      set(t, 'kernel/domainname', 'other');
      show(t, 'kernel/domainname');
    },
  },
  {
    name: 'settings of namespaces that a user namespace governs',
    caller: 'own-namespaces',
    run(t) {
      set(t, 'kernel/shmmni', '100');
      show(t, 'kernel/shmmni');
      set(t, 'net/core/somaxconn', '512');
      show(t, 'net/core/somaxconn');
      set(t, 'kernel/hostname', 'box');
    },
  },
];
