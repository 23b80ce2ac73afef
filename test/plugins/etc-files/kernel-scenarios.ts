import {
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
} from 'node:fs';
import { hostPath, MNT_DETACH } from 'nsinit';
import { EtcFilesStep } from 'nsinit/plugins/etc-files';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

const read = (name: string): string => readFileSync(`${REAL_ROOT}/etc/${name}`, 'utf8');

function makeImage(): void {
  mkdirSync(`${REAL_ROOT}/etc`);
  writeFileSync(`${REAL_ROOT}/etc/hosts`, 'image\n');
  writeFileSync(`${REAL_ROOT}/etc/passwd`, 'root:x:0:0::/root:/bin/sh\n');
  symlinkSync('../run/resolve/stub.conf', `${REAL_ROOT}/etc/resolv.conf`);
}

const FILES = {
  resolvConf: { nameservers: ['192.0.2.1'], options: ['ndots:1'] },
  hosts: [{ address: '127.0.0.1', names: ['localhost', 'box'] }],
  passwd: [{ name: 'app', uid: 1000, gid: 1000 }],
  append: true,
} as const;
const WRITTEN = {
  resolv: 'nameserver 192.0.2.1\noptions ndots:1\n',
  hosts: '127.0.0.1\tlocalhost box\n',
  passwd: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n',
};
const readAll = () => ({
  resolv: read('resolv.conf'),
  hosts: read('hosts'),
  passwd: read('passwd'),
});
const asWritten = (): boolean => JSON.stringify(readAll()) === JSON.stringify(WRITTEN);

export const scenarios: Readonly<Record<string, Scenario>> = {
  'in memory, and the image stays': {
    run(sys) {
      makeImage();
      runReal(sys, pipelineOf(EtcFilesStep, FILES));
      const written = asWritten();
      const lines = realMounts().map((line) => line.replace(/,uid.*/, ''));
      for (const name of ['hosts', 'passwd', 'resolv.conf'])
        sys.umount2(hostPath(`${REAL_ROOT}/etc/${name}`), (MNT_DETACH | 8) as typeof MNT_DETACH);
      const link = readlinkSync(`${REAL_ROOT}/etc/resolv.conf`);
      return { written, lines, image: read('hosts'), link };
    },
  },
  'in the image, and back': {
    run(sys) {
      makeImage();
      const pipeline = pipelineOf(EtcFilesStep, { ...FILES, hostname: 'box', place: 'image' });
      messageOf(() => runReal(sys, failAfter(pipeline)));
      const undone = {
        hosts: read('hosts'),
        link: readlinkSync(`${REAL_ROOT}/etc/resolv.conf`),
        hostname: messageOf(() => lstatSync(`${REAL_ROOT}/etc/hostname`))?.slice(0, 6),
      };
      const again = pipelineOf(EtcFilesStep, { ...FILES, place: 'image' });
      runReal(sys, again);
      return { undone, written: asWritten(), mounts: realMounts() };
    },
  },
  "the host's file": {
    run(sys) {
      makeImage();
      writeFileSync('/mnt/hosts', 'host\n');
      const files = [{ path: '/etc/hosts', source: '/mnt/hosts' }];
      runReal(sys, pipelineOf(EtcFilesStep, { files }));
      const write = messageOf(() => writeFileSync(`${REAL_ROOT}/etc/hosts`, 'x'))?.slice(0, 5);
      return { hosts: read('hosts'), write };
    },
  },
};
