// What the JavaScript of a set-up costs by itself, and between system calls: it runs on recorded
// answers. Usage: npm run bench:javascript
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBenchRoot } from './bench-root.mjs';
import { presetSetUp, runSetUps } from './set-up.mjs';
import { median } from './statistics.mjs';
import { architectureIndex, LibcTransport } from '../build/src/syscalls/libc.js';
import { LinuxSyscalls } from '../build/src/syscalls/linux.js';

const ROUNDS = 2000;
const WARM_UP = 1000;
// asm/unistd.h: x64, arm64.
const GETPPID = [110, 173];

/** Notes each call with its answer, and answers from the notes afterwards. */
class AnsweringTransport {
  notes = [];
  /** Called in place of each call; undefined while notes are taken. */
  instead;
  #next = 0;
  #inner = new LibcTransport();

  bind(number, kinds) {
    const call = this.#inner.bind(number, kinds);
    return (args) =>
      this.instead === undefined ? this.#note(number, call, args) : this.#answer(number, args);
  }

  /** Answers from the first note again. */
  rewind() {
    this.#next = 0;
  }

  #note(number, call, args) {
    const result = call(args);
    const memory = args.map((arg) => (arg instanceof Uint8Array ? arg.slice() : undefined));
    this.notes.push({ number, result, memory });
    return result;
  }

  #answer(number, args) {
    const note = this.notes[this.#next];
    this.#next += 1;
    if (note?.number !== number) throw new Error(`call ${this.#next} is another than recorded`);
    for (const [index, bytes] of note.memory.entries())
      if (bytes !== undefined) args[index].set(bytes);
    this.instead();
    return note.result;
  }
}

const micros = (action) => {
  const started = performance.now();
  action();
  return (performance.now() - started) * 1000;
};

const scratch = mkdtempSync(join(tmpdir(), 'nsinit-replay-'));
try {
  const setUp = presetSetUp('standard', {}, makeBenchRoot(join(scratch, 'root')), false);
  const transport = new AnsweringTransport();
  const answered = new LinuxSyscalls(transport);
  const getppid = new LibcTransport().bind(GETPPID[architectureIndex()], []);
  // In each round one thing is timed: a set-up leaves another state of the processor than answers.
  const measure = (subject) => {
    const times = [];
    runSetUps(ROUNDS, (syscalls, context, round) => {
      transport.rewind();
      const time = subject(syscalls, context);
      if (round >= WARM_UP) times.push(time);
    });
    return median(times);
  };
  const answer = (instead) => (_, context) => {
    transport.instead = instead;
    return micros(() => setUp(answered, context));
  };
  const twice = (_, context) => {
    transport.instead = () => undefined;
    setUp(answered, context);
    transport.rewind();
    return micros(() => setUp(answered, context));
  };
  runSetUps(1, (_, context) => setUp(answered, context));
  const calls = transport.notes.length;
  const rows = {
    [`set-up, ${calls} calls`]: measure((syscalls, context) =>
      micros(() => setUp(syscalls, context)),
    ),
    'on recorded answers, once after unshare(2)': measure(answer(() => undefined)),
    'on recorded answers, at once again': measure(twice),
    'with getppid(2) in place of each call': measure(answer(() => getppid([]))),
    [`${calls} times getppid(2)`]: measure(() =>
      micros(() => {
        for (let call = 0; call < calls; call += 1) getppid([]);
      }),
    ),
  };
  for (const [name, time] of Object.entries(rows)) console.log(`| ${name} | ${time.toFixed(0)} |`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(0);
