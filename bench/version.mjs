// How long `nsinit --version` takes, in times of `node -e 0`, measured by turns.
import { spawnSync } from 'node:child_process';

const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
const time = (args) => {
  const started = performance.now();
  spawnSync(process.execPath, args, { env, stdio: 'ignore' });
  return performance.now() - started;
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const [node, version] = [[], []];
for (let round = 0; round < 30; round += 1) {
  node.push(time(['-e', '0']));
  version.push(time(['build/nsinit.cjs', '--version']));
}
const [a, b] = [median(node), median(version)];
console.log(
  `node -e 0: ${a.toFixed(1)} ms, nsinit --version: ${b.toFixed(1)} ms, ratio ${(b / a).toFixed(2)}`,
);
