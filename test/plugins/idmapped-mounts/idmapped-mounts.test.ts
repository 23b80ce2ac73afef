import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  AT_FDCWD,
  createPreset,
  hostPath,
  launch,
  MS_NOSUID,
  parseMountinfo,
  sourceName,
  type Pipeline,
} from 'nsinit';
import { IdmappedMountsStep, type IdmappedMount } from 'nsinit/plugins/idmapped-mounts';
import { directory, file, MockSyscalls, userNamespaceFile } from 'nsinit/testing';
import {
  expectIdempotent,
  expectRefused,
  expectUndone,
  mountsOf,
  pipelineOf,
  ROOT,
  runOn,
} from '../kit.js';
import { useBusyboxRoot } from '../../runtime/busybox-root.js';
import { itHoldsOnKernel } from '../on-kernel.js';

const MAP = [{ inside: 0, outside: 100000, count: 1000 }];

function machine(): MockSyscalls {
  const sys = new MockSyscalls({
    files: {
      '/data/mine': file('', 0o644, { uid: 5, gid: 6 }),
      '/data/far': file('', 0o644, { uid: 2000 }),
      '/data/below': directory(),
      '/run/ids': userNamespaceFile({ uids: MAP, gids: MAP }),
      '/run/other': file(),
    },
  });
  sys.mount(sourceName('tmpfs'), hostPath('/data/below'), 'tmpfs', MS_NOSUID, '');
  return sys;
}

const binding = (...mounts: readonly Partial<IdmappedMount>[]): Pipeline =>
  pipelineOf(IdmappedMountsStep, {
    mounts: mounts.map((mount) => ({
      source: '/data',
      target: '/d',
      userNamespace: '/run/ids',
      ...mount,
    })),
  });

describe('plugin idmapped-mounts', () => {
  it('shows owners through the map, and others as nobody', () => {
    const sys = machine();
    runOn(sys, binding({ readonly: true }));
    const owner = (path: string): unknown => {
      const { uid, gid } = sys.statx(AT_FDCWD, hostPath(path), 0 as never, 0 as never);
      return [uid, gid];
    };
    expect(owner(`${ROOT}/d/mine`)).to.deep.equal([100005, 100006]);
    expect(owner(`${ROOT}/d/far`)).to.deep.equal([65534, 100000]);
    expect(owner('/data/mine')).to.deep.equal([5, 6]);
    expect(mountsOf(sys.state.mountinfo)).to.deep.equal(['/d ro,relatime,idmapped ext4 rw']);
  });

  it('spreads as it is told, one change after the other', () => {
    const sys = machine();
    runOn(sys, binding({ propagation: ['rslave', 'shared'] }));
    const own = parseMountinfo(sys.state.mountinfo).find(({ mountPoint }) =>
      mountPoint.endsWith('/d'),
    );
    expect(own?.shared).to.equal(true);
    expectRefused(
      IdmappedMountsStep,
      { mounts: [{ source: '/a', target: '/b', userNamespace: '/c', propagation: ['public'] }] },
      'mounts[0].propagation[0]',
    );
  });

  it('maps what is mounted below too when told to', () => {
    const sys = machine();
    runOn(sys, binding({ recursive: true, noexec: true }));
    expect(mountsOf(sys.state.mountinfo)).to.deep.equal([
      '/d rw,noexec,relatime,idmapped ext4 rw',
      '/d/below rw,nosuid,noexec,relatime,idmapped tmpfs rw',
    ]);
  });

  it('is attached only when it is mapped', () => {
    const sys = machine();
    runOn(sys, binding({ readonly: true }));
    const order = sys.callsOf('mount_setattr', 'move_mount').map(({ name }) => name);
    expect(order).to.deep.equal(['mount_setattr', 'mount_setattr', 'move_mount']);
  });

  it('says why something cannot be mapped', () => {
    const wrong = (mount: Partial<IdmappedMount>): (() => unknown) => {
      const sys = machine();
      return () => runOn(sys, binding(mount));
    };
    expect(wrong({ source: '/proc' })).to.throw('its file system takes no id map');
    expect(wrong({ userNamespace: '/run/other' })).to.throw('is no user namespace');
    expect(wrong({ userNamespace: '/proc/thread-self/ns/user' })).to.throw('the initial one');
    expect(wrong({ userNamespace: '/run/no' })).to.throw('openat2(AT_FDCWD, "/run/no"');
  });

  it('makes the namespaces of maps before the run, one for each map', () => {
    const maps = { uidMappings: MAP, gidMappings: MAP };
    const other = { uidMappings: [{ inside: 0, outside: 7, count: 1 }], gidMappings: MAP };
    const pipeline = pipelineOf(IdmappedMountsStep, {
      mounts: [{ source: '/data/mine', target: '/m', userNamespace: '/run/ids' }],
    })
      .use(IdmappedMountsStep, { mounts: [{ source: '/data', target: '/d', ...maps }] })
      .use(IdmappedMountsStep, {
        mounts: [
          { source: '/data/far', target: '/f', ...maps },
          { source: '/etc', target: '/e', ...other },
        ],
      });
    expect(pipeline.plan().map(({ prepares }) => prepares)).to.deep.equal([
      undefined,
      undefined,
      undefined,
      true,
      true,
    ]);
    const sys = machine();
    const prepared = pipeline.rehearse(sys);
    pipeline.run({ syscalls: sys, rootfs: ROOT, force: true, prepared });
    expect(sys.callsOf('mount_setattr')).to.have.lengthOf(4);
    const opened = sys
      .callsOf('openat2')
      .map(({ args: [, path] }) => String(path))
      .filter((path) => /^\/proc\/\d+\/fd\//.test(path));
    expect(new Set(opened).size).to.equal(2);
    expect(opened).to.have.lengthOf(3);
    const { uid } = sys.statx(AT_FDCWD, hostPath(`${ROOT}/e`), 0 as never, 0 as never);
    expect(uid).to.equal(7);
  });

  it('takes everything back when a later step fails', () => {
    expectUndone(machine, () =>
      binding({ target: '/x/y', recursive: true }, { source: '/data/mine', target: '/f' }),
    );
  });

  it('names the option that is wrong', () => {
    const good = { source: '/s', target: '/t', userNamespace: '/u' };
    const wrong = (mount: unknown, option: string): void =>
      expectRefused(IdmappedMountsStep, { mounts: [mount] }, option);
    wrong({ ...good, userNamespace: 'u' }, 'mounts[0].userNamespace');
    wrong({ source: '/s', target: '/t' }, 'mounts[0].userNamespace');
    wrong({ ...good, target: '/' }, 'mounts[0].target');
    wrong({ ...good, recursive: 1 }, 'mounts[0].recursive');
    const mapped = { source: '/s', target: '/t', uidMappings: MAP, gidMappings: MAP };
    wrong({ ...mapped, userNamespace: '/u' }, 'mounts[0].userNamespace');
    wrong({ ...mapped, uidMappings: [] }, 'mounts[0].uidMappings');
    wrong({ ...mapped, gidMappings: undefined }, 'mounts[0].gidMappings');
    wrong(
      { ...mapped, uidMappings: [{ inside: 0, outside: 0 }] },
      'mounts[0].uidMappings[0].count',
    );
    expectIdempotent(IdmappedMountsStep, { mounts: [mapped] });
    expectIdempotent(IdmappedMountsStep, { mounts: [{ ...good, readonly: true }] });
  });

  describe('in a launch', () => {
    let rootfs = '';
    useBusyboxRoot((path) => (rootfs = path));

    it('shows owners by the maps that it is given, and leaves nothing open', async function () {
      if (process.geteuid?.() !== 0) {
        console.log('      skipped: it takes root');
        this.skip();
      }
      const source = mkdtempSync(join(tmpdir(), 'nsinit-ids-'));
      const mounts = [{ source, target: '/data', uidMappings: MAP, gidMappings: MAP }];
      const show = async (): Promise<[string, number]> => {
        const container = await launch({
          rootfs,
          pipeline: createPreset('standard').insertBefore('root-switch', IdmappedMountsStep, {
            mounts,
          }),
          command: 'stat',
          args: ['-c', '%u:%g', '/data'],
        });
        const shown = await text(container.stdout as Readable);
        await container.ended;
        return [shown, readdirSync('/proc/self/fd').length];
      };
      try {
        const [shown, open] = await show();
        expect(shown).to.equal('100000:100000\n');
        expect(await show()).to.deep.equal([shown, open]);
      } finally {
        rmSync(source, { recursive: true });
      }
    });
  });

  const module = new URL('./kernel-scenarios.js', import.meta.url);
  itHoldsOnKernel(module, 'root', {
    'owners are mapped': {
      lines: ['/data rw,nosuid,relatime,idmapped'],
      owners: [100000, 100005, 65534],
      below: 5,
    },
    'what takes no map':
      'EINVAL: invalid argument (its file system takes no id map, or userNamespace is no user namespace or has no map yet)',
  });
});
