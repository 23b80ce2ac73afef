import { expect } from 'chai';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { BindMountStep } from '../../src/steps/bind-mount.js';
import { DevSymlinksStep } from '../../src/steps/dev-symlinks.js';
import { PtmxStep } from '../../src/steps/ptmx.js';
import { SystemMountsStep } from '../../src/steps/system-mounts.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { charDevice, symlink } from '../../src/syscalls/model/seed-tree.js';
import { hostPath } from '../../src/syscalls/paths.js';
import { createPreset } from '../../src/steps/presets.js';
import { filesBelow, mountsBelow, ROOT, run, userNamespace } from './step-trial.js';

describe('ptmx', () => {
  it("replaces the image's node, which would be the host's devpts, by a relative link", () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/ptmx`]: charDevice(5, 2) } });
    run(sys, new Pipeline().use(PtmxStep));
    expect(filesBelow(sys, `${ROOT}/dev`)).to.deep.equal(['ptmx 120777 pts/ptmx']);
  });

  it('binds the device of its own devpts when told to', () => {
    for (const sys of [new MockSyscalls(), new MockSyscalls(userNamespace())]) {
      const pipeline = createPreset('standard').replace('ptmx', PtmxStep, { bind: true });
      run(sys, pipeline);
      expect(sys.state.tree('/dev').find(({ path }) => path === 'ptmx')?.rdev).to.deep.equal({
        major: 5,
        minor: 2,
      });
      const [pts, ptmx] = ['/dev/pts', '/dev/ptmx'].map(
        (place) => mountsBelow(sys, place)[0] ?? expect.fail(`nothing is mounted on ${place}`),
      );
      expect([ptmx?.root, ptmx?.device]).to.deep.equal(['/ptmx', pts?.device]);
    }
  });

  it('binds nothing else that stands in its place', () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev/pts/ptmx`]: charDevice(1, 3) } });
    expect(() => run(sys, new Pipeline().use(PtmxStep, { bind: true }))).to.throw(
      '/dev/pts/ptmx is not the character device 5:2',
    );
  });

  it('leaves what an earlier step has mounted there', () => {
    const sys = new MockSyscalls({ files: { '/dev/mine': charDevice(5, 2) } });
    const source = hostPath('/dev/mine');
    run(
      sys,
      new Pipeline()
        .use(BindMountStep, { source, target: '/dev/ptmx' })
        .use(BindMountStep, { source, target: '/dev/stdin' })
        .use(SystemMountsStep, { classic: true })
        .use(DevSymlinksStep)
        .use(PtmxStep),
    );
    const places = mountsBelow(sys, `${ROOT}/dev`).map(({ mountPoint }) => mountPoint);
    expect(places).to.include.members([`${ROOT}/dev/ptmx`, `${ROOT}/dev/stdin`]);
    expect(filesBelow(sys, `${ROOT}/dev`)).to.include('fd 120777 /proc/self/fd');
  });

  it("leaves the host's /dev alone where the image's leads there", () => {
    const sys = new MockSyscalls({ files: { [`${ROOT}/dev`]: symlink('../../dev') } });
    const before = sys.state.tree('/dev');
    expect(() => run(sys, new Pipeline().use(PtmxStep))).to.throw(
      '/srv/root/dev must be a directory and no link',
    );
    expect(sys.state.tree('/dev')).to.deep.equal(before);
  });
});
