import { expect } from 'chai';
import { createPreset, type Pipeline } from 'nsinit';
import { CgroupMountStep } from 'nsinit/plugins/cgroup-mount';
import { MqueueStep } from 'nsinit/plugins/mqueue';
import { OciMountStep } from 'nsinit/plugins/oci-config';
import { TmpfsStep } from 'nsinit/plugins/tmpfs';
import { MockSyscalls, symlink } from 'nsinit/testing';

// Some of the plugins asked whether a link leads into /proc, and not whether it leads to the root.
const at = (target: string): Readonly<Record<string, (pipeline: Pipeline) => Pipeline>> => ({
  'cgroup-mount': (pipeline) => pipeline.insertBefore('root-switch', CgroupMountStep, { target }),
  mqueue: (pipeline) => pipeline.insertBefore('root-switch', MqueueStep, { target }),
  tmpfs: (pipeline) => pipeline.insertBefore('root-switch', TmpfsStep, { target }),
  'oci:mount': (pipeline) =>
    pipeline.insertBefore('root-switch', OciMountStep, { target, fstype: 'tmpfs' }),
});

describe('the place of a plugin’s mount', () => {
  for (const [name, put] of Object.entries(at('/here'))) {
    it(`is neither the root nor in /proc: ${name}`, () => {
      const run = (link: string) => (): unknown =>
        put(createPreset('standard')).run({
          syscalls: new MockSyscalls({ files: { '/srv/root/here': symlink(link) } }),
          rootfs: '/srv/root',
          force: true,
        });
      expect(run('/')).to.throw(`step ${name}: /here leads to the root itself`);
      expect(run('/proc')).to.throw(`step ${name}: /here leads into /proc or /sys`);
    });
  }
});
