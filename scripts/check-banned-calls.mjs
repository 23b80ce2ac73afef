// Finds what a linter's rules cannot tell apart, in the layers that run inside a container.
import { readdirSync, readFileSync } from 'node:fs';
import { unlistedPaths } from './host-paths.mjs';

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

const filesOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
const codeOf = (file) => readFileSync(file, 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');

let found = 0;
const complain = (file, what) => {
  found += 1;
  console.error(`${file}: ${what}`);
};
for (const file of LAYERS.flatMap(filesOf)) {
  for (const [pattern, why] of BANNED)
    if (pattern.test(codeOf(file))) complain(file, `${pattern.source} is banned: ${why}`);
}
for (const file of ['src', 'plugins'].flatMap(filesOf)) {
  for (const path of unlistedPaths(file, codeOf(file)))
    complain(
      file,
      `${path} becomes a path of the host: what a root contains goes through RootDir; what the caller gave is listed in scripts/host-paths.mjs`,
    );
}
process.exitCode = found === 0 ? 0 : 1;
