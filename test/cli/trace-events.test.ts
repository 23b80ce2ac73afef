import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createPreset, formatTracedCall, StepError, type Observer } from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import { TraceEventsFile } from '../../src/cli/trace-events.js';

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly cat?: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, string>>;
}

// Sums of times are rounded: a nanosecond.
const ROUNDING = 0.001;

describe('a file of trace events', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsinit-events-'));
    path = join(folder, 'events.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs `standard` on the model. @returns the events, and the calls that another observer saw. */
  const record = (
    syscalls: MockSyscalls,
  ): { events: Event[]; calls: string[]; steps: string[] } => {
    const file = new TraceEventsFile(path);
    const [calls, steps]: [string[], string[]] = [[], []];
    const other: Observer = {
      stepStart: (step) => steps.push(step),
      syscall: (_, call) => calls.push(formatTracedCall(call)),
    };
    try {
      createPreset('standard').run({
        syscalls,
        rootfs: '/srv/root',
        force: true,
        observers: [file, other],
      });
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
    } finally {
      file.close();
    }
    return { events: JSON.parse(readFileSync(path, 'utf8')) as Event[], calls, steps };
  };

  const slices = (events: readonly Event[], cat: string): Event[] =>
    events.filter((event) => event.ph === 'X' && event.cat === cat);

  it('has each step and each call once, in order, calls inside of steps', () => {
    const { events, calls, steps } = record(new MockSyscalls());
    expect(slices(events, 'step').map(({ name }) => name)).to.deep.equal(steps);
    expect(slices(events, 'call').map(({ args }) => `${args.call} = ${args.result}`)).to.deep.equal(
      calls,
    );
    const around = [...slices(events, 'step'), ...slices(events, 'run')];
    for (const call of slices(events, 'call')) {
      const holding = around.filter(
        ({ ts, dur }) => ts <= call.ts && call.ts + call.dur <= ts + dur + ROUNDING,
      );
      expect(holding, call.args.call).to.have.length(1);
    }
  });

  it('has times that go on, and nothing over anything else', () => {
    const { events } = record(new MockSyscalls());
    for (const cat of ['step', 'call', 'run']) {
      const found = slices(events, cat);
      found.forEach(({ ts, dur, name }, index) => {
        expect(ts, name).to.be.at.least(0);
        expect(dur, name).to.be.at.least(0);
        const next = found[index + 1];
        if (next !== undefined) expect(next.ts, next.name).to.be.at.least(ts + dur - ROUNDING);
      });
    }
  });

  it('is whole when a step fails, with the error and what was undone', () => {
    const { events } = record(new MockSyscalls().failAt(1, 'EPERM', 'pivot_root'));
    const failed = slices(events, 'step').at(-1);
    expect(failed?.name).to.equal('root-switch');
    expect(failed?.args.undo).to.equal('done');
    expect(failed?.args.error).to.include('pivot_root(".", "."): EPERM');
    const undone = slices(events, 'call').filter(
      ({ name, ts }) => name === 'umount2' && ts >= (failed?.ts ?? 0),
    );
    expect(undone).not.to.have.length(0);
  });

  it('marks fallbacks that were taken', () => {
    const { events } = record(new MockSyscalls().failAt(1, 'EPERM', 'mknodat'));
    const marks = events.filter(({ ph }) => ph === 'i');
    expect(marks.map(({ name }) => name)).to.deep.equal(['fallback bind-host-node']);
  });

  it('cannot be where there is no directory', () => {
    expect(() => new TraceEventsFile(join(folder, 'nope/events.json'))).to.throw('ENOENT');
    expect(existsSync(path)).to.equal(false);
  });
});
