import { expect } from 'chai';
import { createPreset, type PresetName, type PresetOptions } from '../../src/steps/presets.js';
import { O_DIRECTORY, O_PATH } from '../../src/syscalls/file-flags.js';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { flags } from '../../src/syscalls/flags.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { directory, file, symlink, type SeedTree } from '../../src/syscalls/model/seed-tree.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { RootDir } from '../../src/syscalls/root-dir.js';

const ROOT = '/srv/root';

function run(preset: PresetName, files: SeedTree, options: PresetOptions = {}): MockSyscalls {
  const sys = new MockSyscalls({ files: { '/srv/victim/kept': file('host'), ...files } });
  createPreset(preset, { verify: false, ...options }).run({
    syscalls: sys,
    rootfs: options.mounts === undefined && '/srv/link' in files ? '/srv/link' : ROOT,
    force: true,
  });
  return sys;
}

describe('a hostile root', () => {
  for (const preset of ['standard', 'classic'] as const) {
    it(`has no /dev that is a link (CVE-2026-41579): ${preset}`, () => {
      for (const target of ['/srv/victim', '../victim', 'etc'])
        expect(() =>
          run(preset, { [`${ROOT}/etc`]: directory(), [`${ROOT}/dev`]: symlink(target) }),
        ).to.throw(`${ROOT}/dev must be a directory and no link`);
    });

    it(`does not lead a mount of the caller's over itself or into /proc: ${preset}`, () => {
      const mounts = [{ tmpfs: '/data' }];
      const at = (target: string) => () =>
        run(preset, { [`${ROOT}/data`]: symlink(target) }, { mounts });
      expect(at('/')).to.throw('/data leads to the root itself');
      expect(at('/proc')).to.throw('/data leads into /proc or /sys by a link');
    });
  }

  it('has no /dev/null of its own in classic (CVE-2025-31133)', () => {
    expect(() => run('classic', { [`${ROOT}/dev/null`]: file('') })).to.throw(
      `${ROOT}/dev/null is not the character device 1:3`,
    );
  });

  it('has its directory with content named when that is in the way', () => {
    expect(() => run('classic', { [`${ROOT}/dev/fd/content`]: file('') })).to.throw(
      `${ROOT}/dev/fd is a directory with content`,
    );
  });

  it('keeps its own proc when it is moved and was reached by a link', () => {
    const files = { [ROOT]: directory(), '/srv/link': symlink('root') };
    const sys = run('standard', files, { noPivot: true });
    const unmounted = sys.calls.filter(({ name }) => name === 'umount2');
    expect(unmounted.map(({ args }) => args[0])).to.deep.equal(['/sys', '/proc']);
  });

  it('is asked again when its paths change while they are resolved, but not for ever', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev`]: directory() } });
    const how = { flags: flags(O_PATH, O_DIRECTORY) };
    const root = new RootDir(sys, sys.openat2(AT_FDCWD, hostPath(ROOT), how));
    sys.failAt(2, 'EAGAIN', 'openat2');
    root.openDirectory('/dev');
    for (let call = 4; call < 200; call += 1) sys.failAt(call, 'EAGAIN', 'openat2');
    expect(() => root.openDirectory('/dev')).to.throw('EAGAIN');
  });
});
