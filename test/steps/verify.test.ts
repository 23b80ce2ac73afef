import { expect } from 'chai';
import {
  AT_FDCWD,
  containerPath,
  createPreset,
  flags,
  hostPath,
  injectable,
  MNT_DETACH,
  MS_BIND,
  MS_REC,
  MS_REMOUNT,
  MS_SHARED,
  NsinitError,
  O_PATH,
  OptionReader,
  sourceName,
  StepError,
  type Expectation,
  type Pipeline,
  type PresetOptions,
  type Syscalls,
} from 'nsinit';
import { file, MockSyscalls, type MockOptions } from 'nsinit/testing';

type Work = (sys: Syscalls) => void;

/** A step that does something which nobody expects. */
function doing(name: string, sys: Syscalls, work: Work, promises: readonly Expectation[] = []) {
  @injectable()
  class DoingStep {
    static readonly stepName = name;
    static readonly view = 'either' as const;
    static readonly parse = (input: unknown): object => new OptionReader(input).done({});
    describe(): string {
      return 'do something';
    }
    execute(_options: object, { expect: promise }: { expect(expected: Expectation): void }): void {
      promises.forEach(promise);
      work(sys);
    }
  }
  return DoingStep;
}

interface Attempt {
  readonly preset?: PresetOptions;
  readonly machine?: MockOptions;
  /** Before the root is switched. */
  readonly early?: Work;
  /** After everything but `verify`. */
  readonly late?: Work;
  readonly promises?: readonly Expectation[];
}

function run(attempt: Attempt = {}): { sys: MockSyscalls; pipeline: Pipeline; lines: string[] } {
  const sys = new MockSyscalls(attempt.machine);
  const pipeline = createPreset('standard', attempt.preset);
  if (attempt.early !== undefined)
    pipeline.insertBefore('root-switch', doing('example:early', sys, attempt.early));
  if (attempt.late !== undefined)
    pipeline.insertBefore('verify', doing('example:late', sys, attempt.late, attempt.promises));
  try {
    pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true });
    return { sys, pipeline, lines: [] };
  } catch (error) {
    if (!(error instanceof StepError && error.step === 'verify')) throw error;
    expect((error.cause as NsinitError).code).to.equal('NSINIT_VERIFY');
    return { sys, pipeline, lines: error.message.split('\n').slice(1) };
  }
}

const remove = (name: string) => (sys: Syscalls) => {
  sys.unlinkat(AT_FDCWD, containerPath(`/dev/${name}`), flags());
};
const loseProc = (sys: Syscalls) => sys.umount2(hostPath('/proc'), MNT_DETACH);
const remount = (path: string) => (sys: Syscalls) =>
  sys.mount('', containerPath(path), '', flags(MS_REMOUNT, MS_BIND), '');

describe('verify', () => {
  it('is last in standard, and in classic when asked for', () => {
    expect(createPreset('standard').names.at(-1)).to.equal('verify');
    expect(createPreset('standard', { verify: false }).names).not.to.include('verify');
    expect(createPreset('classic').names).not.to.include('verify');
    expect(createPreset('classic', { verify: true }).names.at(-1)).to.equal('verify');
  });

  it('finds nothing wrong with what the presets make', () => {
    for (const preset of [{}, { readonly: true }, { noPivot: true }, { propagation: 'rprivate' }])
      expect(run({ preset: preset as PresetOptions }).lines).to.deep.equal([]);
    for (const noPivot of [false, true]) {
      const sys = new MockSyscalls();
      createPreset('classic', { verify: true, noPivot }).run({
        syscalls: sys,
        rootfs: '/srv/root',
        force: true,
      });
    }
  });

  const cases: readonly (readonly [what: string, attempt: Attempt, line: string])[] = [
    [
      'a mount that is gone',
      { late: (sys) => sys.umount2(containerPath('/dev/shm'), MNT_DETACH) },
      '- /srv/root/dev/shm is not mounted any more',
    ],
    [
      'flags that were dropped',
      { late: remount('/sys') },
      '- /sys should be ro, nosuid, nodev, noexec and is rw,relatime',
    ],
    [
      'a root that is not read-only',
      { preset: { readonly: true }, late: remount('/') },
      '- / should be ro and is rw,relatime',
    ],
    [
      'a submount of a read-only bind that can be written',
      {
        preset: { mounts: [{ bind: '/dev', target: '/host', readonly: true }] },
        late: remount('/host/pts'),
      },
      '- /host/pts should be ro and is rw,relatime',
    ],
    [
      'a mount that is shared',
      { late: (sys) => sys.mount('', containerPath('/dev'), '', MS_SHARED, '') },
      '- /dev should be not shared and is shared:',
    ],
    [
      'a mount that still receives what the host mounts',
      {
        preset: { propagation: 'rprivate' },
        late: (sys) => {
          sys.mount('', containerPath('/dev/shm'), '', MS_SHARED, '');
        },
      },
      '- /dev/shm should be private and is shared:',
    ],
    [
      'a node that is gone',
      { late: remove('null') },
      '- /dev/null should be the character device 1:3:',
    ],
    [
      'another node in its place',
      {
        late: (sys) => {
          remove('null')(sys);
          sys.mknodat(AT_FDCWD, containerPath('/dev/null'), 0o020666, { major: 1, minor: 1 });
        },
      },
      '- /dev/null should be the character device 1:3 and is the character device 1:1',
    ],
    [
      'a file in place of a link',
      {
        late: (sys) => {
          remove('fd')(sys);
          sys.mknodat(AT_FDCWD, containerPath('/dev/fd'), 0o100644, { major: 0, minor: 0 });
        },
      },
      '- /dev/fd should be a symbolic link to "/proc/self/fd" and is a regular file',
    ],
    [
      'a link that leads elsewhere',
      {
        late: (sys) => {
          remove('ptmx')(sys);
          sys.symlinkat('/elsewhere', AT_FDCWD, containerPath('/dev/ptmx'));
        },
      },
      '- /dev/ptmx should be a symbolic link to "pts/ptmx" and is a symbolic link to "/elsewhere"',
    ],
    [
      "the host's proc",
      {
        early: (sys) => {
          sys.mkdirat(AT_FDCWD, hostPath('/srv/root/old'), 0o755);
          sys.mount(hostPath('/proc'), hostPath('/srv/root/old'), '', flags(MS_BIND, MS_REC), '');
        },
      },
      "- /old shows the host's proc, which nobody asked for",
    ],
    [
      'a descriptor that a command would inherit',
      { late: (sys) => void sys.openat2(AT_FDCWD, containerPath('/dev'), { flags: O_PATH }) },
      '- descriptor N (/dev) would be inherited by a command',
    ],
    [
      'a promise of a step that is not kept',
      {
        late: () => undefined,
        promises: [{ that: 'the moon is full', holds: () => false }],
      },
      '- it was asked that the moon is full, and it does not hold',
    ],
  ];
  for (const [what, attempt, line] of cases) {
    it(`tells of ${what}`, () => {
      const { lines } = run(attempt);
      expect(lines).to.have.length(1);
      expect(
        lines[0]?.replace(/descriptor \d+/, 'descriptor N').startsWith(line),
        lines[0],
      ).to.equal(true);
    });
  }

  it('tells of all differences at once', () => {
    const { lines } = run({
      late: (sys) => {
        remove('null')(sys);
        remove('fd')(sys);
        sys.umount2(containerPath('/dev/pts'), MNT_DETACH);
      },
    });
    expect(lines).to.have.length(3);
  });

  it('lets the user mount over what was promised', () => {
    const { lines } = run({ preset: { mounts: [{ bind: '/var', target: '/dev' }] } });
    expect(lines).to.deep.equal([]);
  });

  it('lets a proc be covered that the root had before', () => {
    const mounts = [
      { at: '/proc', type: 'proc' },
      { at: '/srv/root', type: 'tmpfs' },
    ];
    const sys = new MockSyscalls({ mounts, files: {} });
    sys.mkdirat(AT_FDCWD, hostPath('/srv/root/proc'), 0o755);
    sys.mount(sourceName('proc'), hostPath('/srv/root/proc'), 'proc', flags(), '');
    createPreset('standard').run({ syscalls: sys, rootfs: '/srv/root', force: true });
  });

  it('does without a proc, as a fallback that can be forbidden', () => {
    const without = (noFallbacks: boolean) => {
      const sys = new MockSyscalls();
      const pipeline = createPreset('standard').remove('system-mounts');
      pipeline.insertBefore('root-switch', doing('example:early', sys, loseProc));
      const late = doing('example:late', sys, () => {
        sys.failAt(sys.callsOf('fsopen').length + 1, 'EPERM', 'fsopen');
      });
      pipeline.insertBefore('verify', late);
      return pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true, noFallbacks });
    };
    expect(without(false).fallbacks.map(({ fallback }) => fallback)).to.deep.equal([
      'mounts-not-read',
    ]);
    expect(() => without(true)).to.throw(StepError, 'fsopen("proc"');
  });

  it('is asked again with pipeline.verify(), which changes nothing', () => {
    const { sys, pipeline } = run();
    expect(pipeline.verify({ syscalls: sys })).to.deep.equal([]);
    const calls = sys.calls.length;
    remove('zero')(sys);
    expect(pipeline.verify({ syscalls: sys })).to.have.length(1);
    const reads = [
      'openat2',
      'read',
      'close',
      'statx',
      'fstatfs',
      'readlinkat',
      'getdents64',
      'fcntl',
    ];
    const names = sys.calls.slice(calls + 1).map(({ name }) => name);
    expect(names.filter((name) => !reads.includes(name))).to.deep.equal([]);
    expect(() => createPreset('standard').verify({ syscalls: sys })).to.throw(
      NsinitError,
      'has not run',
    );
  });

  it('is not taken in by an image with a /proc of its own', () => {
    const files = { '/srv/root/proc/thread-self/mountinfo': file('') };
    const sys = new MockSyscalls({ files });
    const pipeline = createPreset('standard').remove('system-mounts');
    pipeline.insertBefore('root-switch', doing('example:early', sys, loseProc));
    pipeline.insertBefore('verify', doing('example:late', sys, remove('null')));
    const attempt = (): unknown =>
      pipeline.run({ syscalls: sys, rootfs: '/srv/root', force: true });
    // Read from the fake, every mount would be missing.
    expect(attempt).to.throw(StepError, /^(?!.*not mounted)[^]*\/dev\/null should be/);
  });
});
