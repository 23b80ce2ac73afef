import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareNamespaces } from '../build/src/runtime/prepared-namespaces.js';
import { pipelineSetUp } from '../build/src/runtime/pipeline-set-up.js';
import { ContainerThread, planNamespaces } from '../build/src/runtime/start-container.js';
import { createPreset } from '../build/src/steps/presets.js';
import { LibcTransport } from '../build/src/syscalls/libc.js';
import { LinuxSyscalls } from '../build/src/syscalls/linux.js';

const FIRST_DESCRIPTOR = 300;
// More than a set-up opens.
const ROOM = 2000;
const F_DUPFD_CLOEXEC = 1030;
const HERE = dirname(fileURLToPath(import.meta.url));

/** Makes calls in this thread and notes each as C. */
class RecordingTransport {
  calls = [];
  memory = [];
  #inner = new LibcTransport();

  bind(number, kinds) {
    const call = this.#inner.bind(number, kinds);
    return (args) => {
      this.calls.push(`{${number}, {${args.map((arg) => this.#literal(arg)).join(', ')}}}`);
      return call(args);
    };
  }

  #literal(arg) {
    if (arg === null) return '0';
    if (typeof arg === 'number') return `${arg}L`;
    if (typeof arg === 'string') return `(long)${JSON.stringify(arg)}`;
    this.memory.push(
      `static unsigned char m${this.memory.length}[] = {${[...arg].join(',') || '0'}};`,
    );
    return `(long)m${this.memory.length - 1}`;
  }
}

/** Runs a set-up once, and returns its calls as C. */
function record(preset, options, rootfs) {
  const thread = new ContainerThread();
  const { host } = thread;
  const { home } = thread;
  const filler = [];
  while ((filler.at(-1) ?? 0) < FIRST_DESCRIPTOR + ROOM) filler.push(openSync('/dev/null', 'r'));
  const { namespaces } = planNamespaces({});
  const prepared = prepareNamespaces(host, namespaces);
  for (const fd of filler) if (fd >= FIRST_DESCRIPTOR) closeSync(fd);
  // The number that the floor's own descriptor of the namespace will have.
  const pidNamespace = host.syscalls.fcntl(
    prepared.pidNamespace,
    F_DUPFD_CLOEXEC,
    FIRST_DESCRIPTOR,
  );
  const transport = new RecordingTransport();
  const syscalls = new LinuxSyscalls(transport);
  const setUp = pipelineSetUp(createPreset(preset, options), { rootfs, force: true });
  home.visit(prepared.pidfd, namespaces.ipc === 'new' ? 0x08020000 : 0x00020000, () =>
    setUp(syscalls, { pidNamespace, userNamespace: false }),
  );
  return { transport, pidNamespace };
}

/**
 * Builds the floor of a preset. To be run in a process of its own: it takes all low descriptors.
 *
 *   node floor.mjs DIRECTORY PRESET ROOTFS OPTIONS
 */
function build(directory, preset, rootfs, options) {
  mkdirSync(directory, { recursive: true });
  const { transport, pidNamespace } = record(preset, options, rootfs);
  const header = [
    `#define FIRST_DESCRIPTOR ${pidNamespace}`,
    ...transport.memory,
    `static const struct call calls[] = {`,
    `${transport.calls.join(',\n')}};`,
  ];
  writeFileSync(join(directory, 'calls.h'), `${header.join('\n')}\n`);
  execFileSync('cc', [
    '-O2',
    '-w',
    '-I',
    directory,
    '-o',
    join(directory, 'floor'),
    join(HERE, 'floor.c'),
  ]);
  console.log(transport.calls.length);
}

const [directory, preset, rootfs, options = '{}'] = process.argv.slice(2);
build(directory, preset, rootfs, JSON.parse(options));
// The waiting processes end with this one.
process.exit(0);
