import { expect } from 'chai';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserMappingError, writeIdMaps } from '../../src/runtime/user-mapping.js';
import { findBusybox, makeBusyboxRoot } from './busybox-root.js';
import { runWithGrants, whyNoGrants } from './granted-ids.js';

const PROGRAM = fileURLToPath(new URL('./mapped-launches.js', import.meta.url));
const NOBODY = 65534;

interface Outcome {
  readonly out?: string[];
  readonly errors?: string;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
}

describe('ids mapped by newuidmap and newgidmap', () => {
  let outcomes: Readonly<Record<string, Outcome>> = {};

  before(function () {
    const busybox = findBusybox();
    const why = whyNoGrants() ?? ('missing' in busybox ? busybox.missing : undefined);
    if (why !== undefined || 'missing' in busybox) {
      console.log(`      skipped: ${why}`);
      return this.skip();
    }
    const root = makeBusyboxRoot(busybox.path);
    const scratch = mkdtempSync(join(tmpdir(), 'nsinit-ranges-'));
    const granted = join(scratch, 'granted');
    writeFileSync(granted, '');
    chownSync(granted, NOBODY, NOBODY);
    chmodSync(scratch, 0o755);
    try {
      const { stdout, stderr } = runWithGrants(
        granted,
        process.execPath,
        PROGRAM,
        root.path,
        granted,
      );
      expect(stderr).to.equal('');
      outcomes = JSON.parse(stdout) as Record<string, Outcome>;
    } finally {
      root.remove();
      rmSync(scratch, { recursive: true });
    }
  });

  it('are those of /etc/subuid and /etc/subgid, by name and by number', () => {
    expect(outcomes.ranges).to.deep.equal({
      out: [`0 ${NOBODY} 1`, '1 300000 1000', '1001 400000 500', '7:1200'],
      errors: '',
    });
  });

  it('let the command be another user, with supplementary groups', () => {
    expect(outcomes.user).to.deep.equal({ out: ['1000', '1001', '1001 5 6'], errors: '' });
  });

  it('give devpts its group, which a single id cannot', () => {
    expect(outcomes.gid5?.out?.join()).to.match(/\bgid=300004\b|\bgid=5\b/);
  });

  it('are refused where they are not granted, with what newuidmap says', () => {
    expect(outcomes.foreign).to.include({ name: 'UserMappingError', code: 'NSINIT_USER_MAPPING' });
    expect(outcomes.foreign?.message).to.match(/^newuidmap did not map the ids: .*600000/);
  });

  it('are missed with what to do about it when none are granted', () => {
    expect(outcomes.noGrant?.message).to.match(
      /^\/etc\/subuid grants no ids to this user: .*--add-subuids/,
    );
  });
});

describe('newuidmap, where it is not installed', () => {
  it('is missed by name, with its package', () => {
    const { PATH } = process.env;
    const ranges = [{ inside: 0, outside: 0, count: 1 }];
    process.env.PATH = '/nowhere';
    try {
      expect(() => writeIdMaps(1, { uids: ranges, gids: ranges, helper: true })).to.throw(
        UserMappingError,
        'newuidmap did not map the ids: it is not installed (package uidmap)',
      );
    } finally {
      process.env.PATH = PATH;
    }
  });
});
