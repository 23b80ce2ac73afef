// npm run bench [-- --quick] [--json FILE] [--plot FILE] [--only SECTION,…]
//
// Compares nsinit with a C program that makes the same calls, and with other programs, in one run:
// interleaved, on the same root, medians and ratios.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBenchRoot } from './bench-root.mjs';
import { judge } from './goals.mjs';
import { benchCommand } from './command.mjs';
import { benchGrowth, benchHostMounts } from './growth.mjs';
import { benchLaunch } from './launch.mjs';
import { benchMemory } from './memory.mjs';
import { findPeers } from './peers.mjs';
import { plot } from './plot.mjs';
import { benchSetUp } from './set-up-floor.mjs';
import { benchThroughput } from './throughput.mjs';

// Where it is set, every start of Node reads a file of certificates for 54 ms.
delete process.env.NODE_EXTRA_CA_CERTS;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    plot: { type: 'string' },
    only: { type: 'string' },
  },
});

const SECTIONS = {
  'set-up': benchSetUp,
  launch: benchLaunch,
  command: benchCommand,
  throughput: benchThroughput,
  growth: benchGrowth,
  'host-mounts': benchHostMounts,
  memory: benchMemory,
};

function printSection({ title, unit, rows, notes = [] }) {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, ratios = {} } of rows) {
    const against = Object.entries(ratios).map(
      ([other, ratio]) => `${ratio.toFixed(2)} × ${other}`,
    );
    console.log(
      `  ${name.padEnd(width)}  ${value.toFixed(value < 100 ? 2 : 0).padStart(8)} ${unit}  ${against.join(', ')}`,
    );
  }
  for (const note of notes) console.log(`  ${note}`);
}

const scratch = mkdtempSync(join(tmpdir(), 'nsinit-bench-'));
// For the launches as an ordinary user.
chmodSync(scratch, 0o755);
try {
  const rootfs = makeBenchRoot(join(scratch, 'root'));
  const { peers, missing } = findPeers(rootfs, scratch, { podman: !given.quick });
  const machine = {
    kernel: release(),
    arch: arch(),
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    node: process.version,
  };
  console.log(
    `Linux ${machine.kernel}, ${machine.arch}, ${machine.cpus} × ${machine.cpu}, Node ${machine.node}`,
  );
  for (const [name, why] of Object.entries(missing)) console.log(`without ${name}: ${why}`);
  const sections = {};
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (given.only !== undefined && !given.only.split(',').includes(name)) continue;
    sections[name] = await section({ rootfs, scratch, peers, quick: given.quick });
    printSection(sections[name]);
  }
  const goals = judge(sections);
  console.log('\nGoals');
  for (const { goal, value, limit, atLeast, holds } of goals) {
    const verdict = holds ? 'holds' : 'DOES NOT HOLD';
    console.log(
      `  ${value.toFixed(2)} (${atLeast ? 'at least' : 'at most'} ${limit})  ${verdict}: ${goal}`,
    );
  }
  if (given.json !== undefined) {
    const report = { machine, missing, sections, goals };
    writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (given.plot !== undefined) writeFileSync(given.plot, plot(machine, sections));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(0);
