import { expect } from 'chai';
import { MOUNT_OPTION_NAMES, planMountOptions, type MountPlan } from 'nsinit/plugins/oci-config';

// As config.md of the specification lists them, the names in both its tables, and `rnodev`.
const SPECIFIED =
  'async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev ' +
  'nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow ' +
  'private ratime rbind rdev rdiratime relatime remount rexec rnoatime rnodev rnodiratime rnoexec ' +
  'rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave ' +
  'rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow ' +
  'sync tmpcopyup unbindable idmap ridmap';

const EMPTY: MountPlan = {
  remount: false,
  attributes: {},
  recursive: {},
  propagation: [],
  superblock: [],
  copyUp: false,
  data: [],
  without: [],
};

const attributes: Readonly<Record<string, MountPlan['attributes']>> = {
  ro: { readonly: true },
  rw: { readonly: false },
  nosuid: { nosuid: true },
  suid: { nosuid: false },
  nodev: { nodev: true },
  dev: { nodev: false },
  noexec: { noexec: true },
  exec: { noexec: false },
  nosymfollow: { nosymfollow: true },
  symfollow: { nosymfollow: false },
  nodiratime: { nodiratime: true },
  diratime: { nodiratime: false },
  noatime: { atime: 'noatime' },
  atime: { atime: 'relatime' },
  strictatime: { atime: 'strictatime' },
  nostrictatime: { atime: 'relatime' },
  relatime: { atime: 'relatime' },
  norelatime: {},
};

describe('options of OCI mounts', () => {
  it('are all names of the specification', () => {
    expect(SPECIFIED.split(' ').filter((name) => !MOUNT_OPTION_NAMES.includes(name))).to.deep.equal(
      [],
    );
    expect(planMountOptions(SPECIFIED.split(' ')).data).to.deep.equal([]);
  });

  for (const [option, change] of Object.entries(attributes)) {
    it(`${option} changes the mount, r${option} everything below as well`, () => {
      expect(planMountOptions([option])).to.deep.equal({ ...EMPTY, attributes: change });
      expect(planMountOptions([`r${option}`])).to.deep.equal({ ...EMPTY, recursive: change });
    });
  }

  const others: readonly (readonly [options: readonly string[], plan: Partial<MountPlan>])[] = [
    [['bind'], { bind: 'bind' }],
    [['rbind'], { bind: 'rbind' }],
    [['rbind', 'bind'], { bind: 'rbind' }],
    [['remount'], { remount: true }],
    [['idmap'], { idmap: 'idmap' }],
    [['ridmap'], { idmap: 'ridmap' }],
    [['tmpcopyup'], { copyUp: true }],
    [['defaults', 'silent', 'loud'], {}],
    [['iversion', 'noiversion'], { without: ['iversion', 'noiversion'] }],
    [
      ['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand'],
      { superblock: ['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand'] },
    ],
    [
      ['rprivate', 'shared', 'rslave', 'private', 'rshared', 'slave', 'unbindable', 'runbindable'],
      {
        propagation: [
          'rprivate',
          'shared',
          'rslave',
          'private',
          'rshared',
          'slave',
          'unbindable',
          'runbindable',
        ],
      },
    ],
    [['mode=755,size=1k', 'huge=always'], { data: ['mode=755', 'size=1k', 'huge=always'] }],
    [['lowerdir=/a\\,b:/c,userxattr'], { data: ['lowerdir=/a\\,b:/c', 'userxattr'] }],
    // The last word counts.
    [['ro', 'rw'], { attributes: { readonly: false } }],
    [['strictatime', 'noatime'], { attributes: { atime: 'noatime' } }],
  ];
  for (const [options, plan] of others) {
    it(`${options.join(', ')} asks for ${Object.keys(plan).join(' and ') || 'nothing'}`, () => {
      expect(planMountOptions(options)).to.deep.equal({ ...EMPTY, ...plan });
    });
  }
});
