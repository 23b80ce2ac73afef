// A runtime of your own: a list of steps, and one of nsinit's replaced by another. Plain JavaScript:
// `static inject` says what the constructor is given, where TypeScript would have decorators.
//
//   node examples/runtime.mjs ROOT
import { resolve } from 'node:path';
import {
  BindRootfsStep,
  DEV_DIRECTORY,
  DeviceNodesStep,
  DevStep,
  launch,
  LOGGER,
  OptionReader,
  Pipeline,
  PropagationStep,
  ReadonlyRootStep,
  RootSwitchStep,
  SystemMountsStep,
  UmaskStep,
} from 'nsinit';

/** In place of `dev-symlinks`: the three standard streams, and nothing else of /proc. */
class StreamLinksStep {
  static stepName = 'example:stream-links';
  static view = 'host';
  static after = ['dev', 'system-mounts'];
  static writesRoot = true;
  static inject = [LOGGER];

  constructor(logger) {
    this.logger = logger;
  }

  static parse(input) {
    const given = new OptionReader(input);
    return given.done({ stderr: given.boolean('stderr', true) });
  }

  #names({ stderr }) {
    return stderr ? ['stdin', 'stdout', 'stderr'] : ['stdin', 'stdout'];
  }

  describe(options) {
    return this.#names(options).map(
      (name, number) => `link /dev/${name} to /proc/self/fd/${number}`,
    );
  }

  // What is made through context.root is removed again when a later step fails.
  execute(options, { root, need }) {
    const dev = need(DEV_DIRECTORY);
    this.#names(options).forEach((name, number) => {
      root.symlinkIn(dev, name, `/proc/self/fd/${number}`);
    });
    this.logger.info(`${this.#names(options).length} links`);
  }
}

const standard = new Pipeline()
  .use(PropagationStep, { mode: 'rprivate' })
  .use(BindRootfsStep)
  .use(DevStep, { size: '1m' })
  .use(SystemMountsStep, { shmSize: '8m' })
  .use(DeviceNodesStep)
  .use(StreamLinksStep, { stderr: false })
  .use(RootSwitchStep)
  .use(ReadonlyRootStep)
  .use(UmaskStep, { mask: 0o077 });

const [root] = process.argv.slice(2);
if (root === undefined) {
  console.error('usage: node examples/runtime.mjs ROOT');
  process.exit(2);
}

for (const { step, actions } of standard.plan()) console.log(`${step}: ${actions.join('; ')}`);

const container = await launch({
  rootfs: resolve(root),
  pipeline: standard,
  command: '/bin/sh',
  args: ['-c', 'ls /dev; umask; touch /file'],
  stdio: ['ignore', 'inherit', 'inherit'],
  logger: { ...console, info: (message) => console.log(`logged: ${message}`) },
});
const { code } = await container.ended;
console.log(`exit ${code}`);
