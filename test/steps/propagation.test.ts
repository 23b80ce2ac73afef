import { expect } from 'chai';
import { createPreset, PRESET_NAMES } from '../../src/steps/presets.js';
import { NsinitError } from '../../src/pipeline/errors.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { PROPAGATION_MODES, PropagationStep } from '../../src/steps/propagation.js';
import { parseMountinfo } from '../../src/syscalls/mountinfo.js';
import { MockSyscalls } from '../../src/syscalls/mock-syscalls.js';
import { failure, run } from './step-trial.js';

const tagsOf = (sys: MockSyscalls, at: string): string =>
  parseMountinfo(sys.state.mountinfo)
    .find(({ mountPoint }) => mountPoint === at)!
    .propagation.join(' ')
    .replace(/\d+/g, 'N');

describe('propagation', () => {
  it('cuts the whole namespace off unless told otherwise', () => {
    const sys = new MockSyscalls();
    run(sys, new Pipeline().use(PropagationStep));
    const [call] = sys.callsOf('mount');
    expect(call?.args).to.deep.equal(['', '/', '', (1 << 19) | (1 << 14), '']);
  });

  it('reaches what is mounted below / only with a recursive mode', () => {
    for (const [mode, root, below] of [
      ['private', '', 'shared:N'],
      ['rprivate', '', ''],
      ['rshared', 'shared:N', 'shared:N'],
    ] as const) {
      const sys = new MockSyscalls();
      run(sys, new Pipeline().use(PropagationStep, { mode }));
      expect([tagsOf(sys, '/'), tagsOf(sys, '/dev')], mode).to.deep.equal([root, below]);
    }
  });

  it('refuses a mode that is none, and names those that are', () => {
    const use = (): unknown => new Pipeline().use(PropagationStep, { mode: 'public' as 'private' });
    expect(use)
      .to.throw(NsinitError, PROPAGATION_MODES.join(', '))
      .with.property('code', 'NSINIT_OPTION');
    expect(use).to.throw('propagation: option mode');
  });

  it('says what was refused', () => {
    const sys = new MockSyscalls({ credentials: { uid: 1000 } });
    expect(failure(sys, new Pipeline().use(PropagationStep)).message).to.equal(
      'step propagation: mount("", "/", "", MS_SLAVE|MS_REC, ""): EPERM: operation not permitted',
    );
  });

  it('is refused as private where the root is moved: the host’s mounts would stay busy', () => {
    for (const preset of PRESET_NAMES) {
      for (const propagation of ['private', 'rprivate'] as const)
        expect(() => createPreset(preset, { noPivot: true, propagation })).to.throw(
          `propagation ${propagation} cannot be had without pivot_root(2)`,
        );
      expect(() => createPreset(preset, { noPivot: true, propagation: 'slave' })).not.to.throw();
    }
  });

  it('holds for the finished root as well where it is to be shared', () => {
    for (const [propagation, root, below] of [
      ['rslave', '', ''],
      ['shared', 'shared:N', ''],
      ['rshared', 'shared:N', 'shared:N'],
    ] as const) {
      const sys = new MockSyscalls();
      run(sys, createPreset('standard', { propagation }));
      expect([tagsOf(sys, '/'), tagsOf(sys, '/proc')], propagation).to.deep.equal([root, below]);
    }
  });
});
