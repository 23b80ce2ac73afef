import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  DevStep,
  hostPath,
  MNT_DETACH,
  Pipeline,
  PropagationStep,
  RootSwitchStep,
  SystemMountsStep,
  USER_NAMESPACE,
  type LinuxSyscalls,
} from 'nsinit';
import {
  OverlayMountStep,
  OverlayRootStep,
  type OverlayRootOptions,
} from 'nsinit/plugins/overlay-root';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, runReal, type Scenario } from '../scenario.js';

const LAYERS = ['/mnt/a:b', '/mnt/c,d', '/mnt/e\\f'];

function makeLayers(): void {
  for (const [index, layer] of LAYERS.entries()) {
    mkdirSync(`${layer}/etc`, { recursive: true });
    writeFileSync(`${layer}/etc/${index}`, layer);
  }
}

const overlay = (options: Partial<OverlayRootOptions>): Pipeline =>
  new Pipeline().use(PropagationStep).use(OverlayRootStep, { lower: LAYERS, ...options });

function run(sys: LinuxSyscalls, pipeline: Pipeline, inUserNamespace = false) {
  return pipeline.run({ syscalls: sys, provide: [[USER_NAMESPACE, inUserNamespace]] });
}

const rootLine = (): string | undefined =>
  readFileSync('/proc/thread-self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - overlay '))
    ?.replace(/^.* - /, '')
    .replace(/,(redirect_dir|uuid|xino|index)=[^,]+/g, '')
    .replace(/fd\/\d+/g, 'fd/N');

const seen = (root: string): unknown => {
  writeFileSync(`${root}/etc/new`, 'x');
  return readdirSync(`${root}/etc`).sort();
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  'layers with odd names under a tmpfs': {
    caller: 'root',
    run(sys) {
      makeLayers();
      run(sys, overlay({ size: '1m' }));
      const top = LAYERS[0] ?? '';
      return { line: rootLine(), seen: seen(top), below: existsSync('/mnt/c,d/etc/new') };
    },
  },
  'in a user namespace': {
    caller: 'user-namespace',
    run(sys) {
      makeLayers();
      run(sys, overlay({}), true);
      return { line: rootLine(), seen: seen(LAYERS[0] ?? '') };
    },
  },
  'an upper directory on disk': {
    caller: 'root',
    run(sys) {
      makeLayers();
      const upper = { upper: '/mnt/u\\p', work: '/mnt/w', metacopy: true, volatile: true } as const;
      const dev = overlay(upper).use(DevStep);
      messageOf(() => run(sys, failAfter(dev)));
      const left = ['/mnt/u\\p', '/mnt/w'].filter((path) => existsSync(path));
      mkdirSync('/mnt/w');
      messageOf(() => run(sys, failAfter(overlay(upper).use(DevStep))));
      const kept = readdirSync('/mnt/w');
      run(sys, overlay(upper));
      const { length } = seen(LAYERS[0] ?? '') as string[];
      return { left, kept, length, upper: readFileSync('/mnt/u\\p/etc/new', 'utf8') };
    },
  },
  'no upper directory': {
    run(sys) {
      makeLayers();
      run(sys, overlay({ upper: 'none' }));
      return messageOf(() => seen(LAYERS[0] ?? ''))?.slice(0, 5);
    },
  },
  'a root that can be switched to': {
    caller: 'root',
    run(sys) {
      makeLayers();
      const pipeline = overlay({ lower: LAYERS.slice(0, 1) });
      run(sys, pipeline.use(DevStep).use(SystemMountsStep).use(RootSwitchStep));
      return readdirSync('/').sort();
    },
  },
  'an overlay of what it covers': {
    run(sys) {
      mkdirSync(`${REAL_ROOT}/etc`);
      writeFileSync(`${REAL_ROOT}/etc/own`, 'x');
      runReal(sys, pipelineOf(OverlayMountStep, { target: '/etc', size: '1m' }), [
        [USER_NAMESPACE, process.argv[2] === 'user-namespace'],
      ]);
      writeFileSync(`${REAL_ROOT}/etc/new`, 'x');
      const all = readdirSync(`${REAL_ROOT}/etc`).sort();
      sys.umount2(hostPath(`${REAL_ROOT}/etc`), MNT_DETACH);
      return { seen: all, below: readdirSync(`${REAL_ROOT}/etc`) };
    },
  },
};
