import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { flags, hostPath, MS_BIND, MS_NOSUID, MS_REC, sourceName, type MountFlags } from 'nsinit';
import { MaskedPathsStep, type MaskedPathsOptions } from 'nsinit/plugins/masked-paths';
import { pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';
import type { LinuxSyscalls } from 'nsinit';

function mask(sys: LinuxSyscalls, options: Partial<MaskedPathsOptions>): string[] {
  mkdirSync(`${REAL_ROOT}/secret`);
  writeFileSync(`${REAL_ROOT}/secret/key`, 'key');
  writeFileSync(`${REAL_ROOT}/password`, 'hidden');
  mkdirSync(`${REAL_ROOT}/settings/below`, { recursive: true });
  sys.mount(sourceName('x'), hostPath(`${REAL_ROOT}/settings/below`), 'tmpfs', MS_NOSUID, '');
  runReal(sys, pipelineOf(MaskedPathsStep, options));
  // The root is bound on itself with what is below: such a mount is there twice.
  return [...new Set(realMounts())];
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'hidden and read-only': {
    run(sys) {
      const lines = mask(sys, {
        masked: ['/secret', '/password', '/settings/below', '/no'],
        readonly: ['/settings', '/no'],
      });
      return {
        lines: lines.map((line) => line.replace(/ devtmpfs .*/, ' devtmpfs').replace(/,uid.*/, '')),
        secret: readdirSync(`${REAL_ROOT}/secret`),
        password: readFileSync(`${REAL_ROOT}/password`, 'utf8'),
        write: messageOf(() => writeFileSync(`${REAL_ROOT}/settings/x`, ''))?.slice(0, 5),
        // Data goes nowhere; the host's node itself cannot be changed.
        nowhere: messageOf(() => writeFileSync(`${REAL_ROOT}/password`, 'x')) ?? 'taken',
        chmod: messageOf(() => chmodSync(`${REAL_ROOT}/password`, 0))?.slice(0, 5),
        one: statSync(`${REAL_ROOT}/secret`).dev === statSync(`${REAL_ROOT}/settings/below`).dev,
      };
    },
  },
  'the defaults on a real proc': {
    caller: 'root',
    run(sys) {
      for (const name of ['proc', 'sys']) mkdirSync(`${REAL_ROOT}/${name}`);
      sys.mount(sourceName('proc'), hostPath(`${REAL_ROOT}/proc`), 'proc', 0 as MountFlags, '');
      const bound = hostPath(`${REAL_ROOT}/sys`);
      sys.mount(hostPath('/sys'), bound, '', flags(MS_BIND, MS_REC), '');
      mask(sys, { masked: undefined, readonly: undefined } as never);
      return {
        sysctl: messageOf(() => writeFileSync(`${REAL_ROOT}/proc/sys/vm/swappiness`, '60'))?.slice(
          0,
          5,
        ),
        interrupts: readFileSync(`${REAL_ROOT}/proc/interrupts`, 'utf8'),
        firmware: readdirSync(`${REAL_ROOT}/sys/firmware`),
      };
    },
  },
};
