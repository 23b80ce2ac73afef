// Before the root switch a path string is resolved in the host's tree. What a root contains must
// not become one: it is opened through RootDir, by descriptor. The compiler refuses plain strings;
// this finds where one is turned into a path, and wants each of these places to be listed.

const MAKERS = ['src/syscalls/paths.ts', 'src/syscalls/root-dir.ts', 'src/syscalls/open-within.ts'];
const CAST =
  /([^\s([]+) as (HostPath|ContainerPath|InRootPath|Component|AtPath|PathArg|SourceName)\b/g;
const CALL = /(?<![.\w])(?:hostPath|containerPath)\(((?:[^()]|\([^()]*\))*)\)/g;
/** A literal, or a name in /proc, /dev or below the new root that the code makes up itself. */
const CONSTANT = /^'[^']*'$|^`\/(?:proc|dev)\/[^`]*`$/;
const PARAMETER = /^\w+(?::|\?:)|^option\b/;

/** Where it may be: what is turned into a path, and whose it is. */
const LISTED = {
  'plugins/etc-files/place-files.ts': { source: "the caller's" },
  'plugins/idmapped-mounts/index.ts': { userNamespace: "the caller's" },
  'plugins/oci-config/oci-devices-step.ts': { 'device.path': "the caller's" },
  'plugins/overlay-root/upper-layer.ts': { path: "the caller's, or made below it" },
  'src/pipeline/differences.ts': { path: "the test's, after the switch" },
  'src/pipeline/options.ts': { value: "the caller's" },
  'src/pipeline/run.ts': { 'this.options.rootfs': "the caller's" },
  'src/pipeline/verification.ts': { name: 'of a file of a proc that was checked' },
  'src/runtime/directory-identity.ts': { path: "the caller's root, only to compare" },
  'src/runtime/prepared-namespaces.ts': { 'choice.join': "the caller's" },
  'src/runtime/thread-home.ts': { path: 'a constant of that file' },
  'src/steps/bind-mount.ts': { source: "the caller's" },
  'src/steps/bind-rootfs.ts': { 'around.mountPoint': "the kernel's, of mountinfo" },
  'src/steps/console.ts': { path: "the caller's" },
  'src/steps/mount-tree.ts': { 'source.path': "the caller's" },
  'src/steps/presets.ts': { 'options.console': "the caller's", 'mount.bind': "the caller's" },
  'src/steps/readonly-root.ts': { '`/${name}`': 'a part of the copy, looked at, after the switch' },
  'src/steps/root-switch.ts': {
    'this.sys.getcwd()': "the kernel's",
    '`/${name}`': 'made up by the step, after the switch',
    mountPoint: "the kernel's, of mountinfo",
  },
  'src/steps/system-mounts.ts': { path: 'a constant of that file' },
  'src/steps/throwaway-root.ts': { mountPoint: "the kernel's", path: 'a constant of that file' },
};

/** Places of a file where a string becomes a path and nobody has said whose it is. */
export function unlistedPaths(file, text) {
  if (MAKERS.includes(file)) return [];
  const listed = Object.keys(LISTED[file] ?? {});
  return [...text.matchAll(CAST), ...text.matchAll(CALL)]
    .map(([, path]) =>
      path
        .replace(/^[([]+/, '')
        .trim()
        .replace(/,$/, ''),
    )
    .filter((path) => !CONSTANT.test(path) && !PARAMETER.test(path) && !listed.includes(path));
}
