import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {
  flags,
  hostPath,
  MS_BIND,
  MS_REC,
  sourceName,
  type LinuxSyscalls,
  type MountFlags,
} from 'nsinit';
import { TmpfsReadonlyStep, TmpfsStep } from 'nsinit/plugins/tmpfs';
import { pipelineOf } from '../kit.js';
import { REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

const VAR = `${REAL_ROOT}/var`;

function makeCovered(sys: LinuxSyscalls): void {
  mkdirSync(`${VAR}/mounted`, { recursive: true });
  writeFileSync(`${VAR}/file`, 'content');
  chownSync(`${VAR}/file`, 1, 2);
  chmodSync(`${VAR}/file`, 0o4751);
  symlinkSync('../etc/shadow', `${VAR}/link`);
  lchownSync(`${VAR}/link`, 3, 0);
  execFileSync('mkfifo', [`${VAR}/fifo`]);
  sys.mount(sourceName('x'), hostPath(`${VAR}/mounted`), 'tmpfs', 0 as MountFlags, '');
  writeFileSync(`${VAR}/mounted/secret`, 'x');
  utimesSync(`${VAR}/file`, 1_000_000_000, 1_000_000_000);
  chmodSync(VAR, 0o1750);
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'a copy of what is covered': {
    caller: 'root',
    run(sys) {
      makeCovered(sys);
      runReal(sys, pipelineOf(TmpfsStep, { target: '/var', copyUp: true }));
      const { mode, uid, gid, mtimeMs } = lstatSync(`${VAR}/file`);
      const content = readFileSync(`${VAR}/file`, 'utf8');
      return {
        mode: (lstatSync(VAR).mode & 0o7777).toString(8),
        file: `${content} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`,
        link: `${readlinkSync(`${VAR}/link`)} ${lstatSync(`${VAR}/link`).uid}`,
        fifo: lstatSync(`${VAR}/fifo`).isFIFO() ? 'fifo' : '',
        times: mtimeMs,
        mounted: readdirSync(`${VAR}/mounted`),
        line: realMounts().at(-1),
      };
    },
  },
  limits: {
    run(sys) {
      runReal(
        sys,
        pipelineOf(TmpfsStep, {
          target: '/new',
          size: '64k',
          inodes: 10,
          mode: 0o700,
          noexec: true,
          readonly: true,
        }),
      );
      return realMounts();
    },
  },
  percent: {
    run(sys) {
      runReal(sys, pipelineOf(TmpfsStep, { target: '/new', size: '10%' }));
      return /size=\d{4,}k/.test(realMounts()[0] ?? '');
    },
  },
  'a copy of what others own': {
    caller: 'user-namespace',
    run(sys) {
      const dev = `${REAL_ROOT}/dev`;
      mkdirSync(dev);
      // The machine's devices, which belong to an id that is not mapped.
      sys.mount(hostPath('/dev'), hostPath(dev), '', flags(MS_BIND, MS_REC), '');
      const { fallbacks } = runReal(sys, pipelineOf(TmpfsStep, { target: '/dev', copyUp: true }));
      return {
        fallbacks: fallbacks.map(({ fallback }) => fallback).sort(),
        devices: readdirSync(dev).filter((name) => lstatSync(`${dev}/${name}`).isCharacterDevice()),
        link: readlinkSync(`${dev}/fd`),
      };
    },
  },
  'at the end': {
    run(sys) {
      const pipeline = pipelineOf(TmpfsStep, { target: '/new' });
      runReal(sys, pipeline.use(TmpfsReadonlyStep, { targets: ['/new'] }));
      try {
        mkdirSync(`${REAL_ROOT}/new/x`);
        return '';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    },
  },
};
