import { expect } from 'chai';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnosis } from '../../src/runtime/doctor.js';
import { useBareRoot } from '../integration/nsinit-command.js';
import { onHost, type OddHost, type Who } from './odd-host.js';

/** What a run logs where a capability does not work. */
const FALLBACKS: readonly (readonly [capability: string, logged: RegExp])[] = [
  ['new-mount-api', /mount\(2\) by the path of a descriptor/],
  ['mount_setattr', /remounted read-only one by one/],
  ['proc', /host's \/proc is bound/],
  ['sysfs', /host's \/sys is bound/],
  ['devpts', /devpts without gid/],
  ['mqueue', /no \/dev\/mqueue/],
  ['mknod', /device nodes are bound/],
];

const USERS: readonly (readonly [who: Who, refused?: string])[] = [
  ['root'],
  ['nobody'],
  ['root', 'mknodat=EPERM'],
  ['nobody', 'mount_setattr=EPERM'],
  ['nobody', 'unshare=EPERM'],
];

describe('nsinit doctor', function () {
  this.timeout(60_000);
  let root: string;

  useBareRoot((path) => {
    root = path;
    chmodSync(root, 0o755);
    for (const name of ['dev', 'proc', 'sys', 't']) mkdirSync(join(root, name));
  });

  for (const [who, refused] of USERS) {
    it(`agrees with what then works for ${who}${refused === undefined ? '' : ` without ${refused}`}`, () => {
      const on = (args: string) => {
        const host: OddHost = refused === undefined ? { args } : { args, refused };
        return onHost(root, who, host);
      };
      const told = on('doctor --json');
      const diagnosis = JSON.parse(told.stdout) as Diagnosis;
      const works = (wanted: string) =>
        diagnosis.capabilities.find(({ name }) => name === wanted)?.works;
      const copy = on('run -- true');
      expect([told.status, diagnosis.works, works('run')], told.stdout).to.deep.equal(
        copy.status === 0 ? [0, true, true] : [1, false, false],
      );
      const given = on("run -v --readonly --bind /usr:/t:ro --rootfs $R -- /bin/sh -c 'exit 7'");
      if (copy.status !== 0) {
        expect(given.status).to.equal(125);
        const refusal = diagnosis.capabilities.find(({ name }) => name === 'run')?.error ?? '-';
        expect(copy.stderr.replaceAll(/\d+/g, 'N')).to.include(refusal.replaceAll(/\d+/g, 'N'));
        return;
      }
      expect(given.status, given.stderr).to.equal(7);
      for (const [name, logged] of FALLBACKS)
        expect([name, works(name)]).to.deep.equal([name, !logged.test(given.stderr)]);
      const network = on("run --unshare-net --rootfs $R -- /bin/sh -c 'exit 0'");
      expect(works('net-namespace')).to.equal(network.status === 0);
    });
  }

  it('says of each that does not work why, what is done without, and what to change', () => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    const { stdout } = onHost(root, 'nobody', { args: 'doctor --json' });
    const { schemaVersion, uid, capabilities } = JSON.parse(stdout) as Diagnosis;
    expect([schemaVersion, uid]).to.deep.equal([1, 65534]);
    expect(capabilities.length).to.be.greaterThan(20);
    for (const { works, error, without, change } of capabilities)
      expect([error, without, change].every((text) => Boolean(text))).to.equal(!works);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).to.equal(before);
  });
});
