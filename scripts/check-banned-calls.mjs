// Finds what a linter's rules cannot tell apart, in the layers that run inside a container.
import { readdirSync, readFileSync } from 'node:fs';

const LAYERS = ['src/syscalls', 'src/pipeline', 'src/steps'];
const BANNED = [
  [/node:fs\/promises|fs\.promises/, "Node's pool of threads is in the host's mount namespace"],
  [/\.async\(/, "koffi's asynchronous calls run on a thread that is in the host's mount namespace"],
  [/\bimport\(/, 'after a root switch it would load and run a file of the container'],
  [
    /process\.(umask|chdir)\(/,
    'it acts on the process and not on the adapter: a mock would not see it',
  ],
  [/\b(registry|singleton|autoInjectable)\(/, 'registrations are made in the container of a run'],
  [/^export default/m, 'exports have names'],
  [/^(export )?(const )?enum /m, 'flags are branded numbers, choices are string unions'],
];

const files = LAYERS.flatMap((layer) =>
  readdirSync(layer, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${layer}/${name}`),
);
let found = 0;
for (const file of files) {
  const text = readFileSync(file, 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');
  for (const [pattern, why] of BANNED) {
    if (!pattern.test(text)) continue;
    found += 1;
    console.error(`${file}: ${pattern.source} is banned: ${why}`);
  }
}
process.exitCode = found === 0 ? 0 : 1;
