import { expect } from 'chai';
import { HostnameStep } from 'nsinit/plugins/hostname';
import { MockSyscalls } from 'nsinit/testing';
import { expectIdempotent, expectRefused, expectUndone, pipelineOf, runOn } from '../kit.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const machine = (): MockSyscalls => new MockSyscalls({ hostname: 'machine' });
const both = { hostname: 'box', domainname: 'example.org' };

describe('plugin hostname', () => {
  it('sets what was given and leaves the other', () => {
    const sys = machine();
    runOn(sys, pipelineOf(HostnameStep, { hostname: 'box' }));
    expect(sys.state.hostname).to.equal('box');
    expect(sys.callsOf('setdomainname')).to.deep.equal([]);
  });

  it('refuses to rename the machine, unless forced', () => {
    const shared = (): MockSyscalls =>
      machine().answer('readlinkat', (_, path) => path.endsWith('/uts'), 'uts:[1]');
    const sys = shared();
    expect(() => runOn(sys, pipelineOf(HostnameStep, both))).to.throw(
      "this is the host's own UTS namespace",
    );
    expect(sys.state.hostname).to.equal('machine');
    const forced = shared();
    runOn(forced, pipelineOf(HostnameStep, { ...both, force: true }));
    expect(forced.state.hostname).to.equal('box');
  });

  it('takes everything back when a later step fails', () => {
    const sys = machine();
    expectUndone(
      () => sys,
      () => pipelineOf(HostnameStep, both),
    );
    expect(sys.callsOf('setdomainname').map(({ args }) => args[0])).to.deep.equal([
      'example.org',
      '(none)',
    ]);
  });

  it('names the option that is wrong', () => {
    expectRefused(HostnameStep, {}, 'hostname');
    expectRefused(HostnameStep, { hostname: 'a b' }, 'hostname');
    expectRefused(HostnameStep, { hostname: 'x'.repeat(65) }, 'hostname');
    expectRefused(HostnameStep, { domainname: 7 }, 'domainname');
    expectRefused(HostnameStep, { hostname: 'x', force: 'yes' }, 'force');
    expectIdempotent(HostnameStep, { hostname: 'x' });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  const stays = { "the machine's own name stays": { same: true, refused: true } };
  const named = ['box', 'example.org'];
  itHoldsOnKernel(module, 'root', {
    ...stays,
    'names of its own, and back': { set: named, undone: named, changed: true },
  });
  itHoldsOnKernel(module, 'user-namespace', stays);
});
