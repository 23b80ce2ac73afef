import { readFileSync } from 'node:fs';

/** A configuration as JSON.parse gives it, to be changed by a test. */
// A test reaches into it at will.
// oxlint-disable-next-line typescript/no-explicit-any
export type Config = any;

/** What `runc spec` and podman have written. */
export type SampleName = 'runc-spec' | 'runc-spec-rootless' | 'podman';

// The tests are run from build/; fixtures are not compiled.
const FIXTURES = new URL('../../../../test/plugins/oci-config/fixtures/', import.meta.url);

/** A fresh copy of a sample. */
export function sample(name: SampleName): Config {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8')) as Config;
}

/** The least that is taken. */
export function plainConfig(changes: Config = {}): Config {
  return {
    ociVersion: '1.2.0',
    root: { path: 'rootfs' },
    process: { cwd: '/', args: ['sh'], user: { uid: 0, gid: 0 } },
    ...changes,
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], ...changes.linux },
  };
}
