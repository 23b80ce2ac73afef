import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { createPreset, StepError } from '../../src/index.js';
import { MockSyscalls } from '../../src/testing.js';

const run = (sys: MockSyscalls): unknown =>
  createPreset('standard').run({ syscalls: sys, rootfs: '/srv/root', force: true });

/** What is published on channels while something runs. */
function listen(names: readonly string[], work: () => void): [name: string, message: object][] {
  const heard: [string, object][] = [];
  const hear = (message: unknown, name: string | symbol): void => {
    heard.push([String(name), message as object]);
  };
  for (const name of names) subscribe(name, hear);
  try {
    work();
  } finally {
    for (const name of names) unsubscribe(name, hear);
  }
  return heard;
}

describe('node:diagnostics_channel', () => {
  it('has the steps, the root switch and every call of a run', () => {
    const sys = new MockSyscalls();
    const names = ['nsinit:step-start', 'nsinit:step-end', 'nsinit:root-switch', 'nsinit:syscall'];
    const heard = listen(names, () => run(sys));
    const count = (wanted: string): number => heard.filter(([name]) => name === wanted).length;
    expect(count('nsinit:step-start')).to.equal(createPreset('standard').names.length);
    expect(count('nsinit:step-end')).to.equal(count('nsinit:step-start'));
    expect(count('nsinit:root-switch')).to.equal(1);
    expect(count('nsinit:syscall')).to.equal(sys.calls.length);
  });

  it('has the step that failed and the fallbacks that were taken', () => {
    const failing = new MockSyscalls().failAt(1, 'EPERM', 'pivot_root');
    const [fail] = listen(['nsinit:step-fail'], () => {
      try {
        run(failing);
      } catch (error) {
        expect(error).to.be.instanceOf(StepError);
      }
    });
    expect(fail?.[1]).to.include({ step: 'root-switch' });
    const refused = new MockSyscalls({ refused: { mknodat: 'EPERM' } });
    const [fallback] = listen(['nsinit:fallback'], () => run(refused));
    expect(fallback?.[1]).to.include({ step: 'device-nodes', name: 'bind-host-node' });
  });
});
