import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { explanationOf, EXPLANATIONS } from './explained.js';
import { normalize } from './probe.js';

const README = new URL('../../../../plugins/oci-config/README.md', import.meta.url);

describe('differences from runc', () => {
  it('are explained in the README of the plugin, each under its id', () => {
    const readme = readFileSync(README, 'utf8');
    for (const { id } of EXPLANATIONS) expect(readme).to.include(`| \`${id}\``);
  });

  it('are those that are explained, and no others', () => {
    expect(explanationOf('+ pid 2')).to.equal('PID 1');
    expect(explanationOf('- mount /proc/acpi / ro,relatime - tmpfs tmpfs ro')).to.equal(
      'masked directories',
    );
    expect(explanationOf('+ mount /proc/acpi / rw,relatime - tmpfs tmpfs rw')).to.equal(undefined);
    expect(explanationOf('- umask 0022')).to.equal(undefined);
  });

  it('do not come from numbers that change with each run', () => {
    const line = 'mount 70 67 0:41 /tmp/b/rootfs / ro,relatime shared:7 - ext4 /dev/vda rw';
    expect(normalize(`${line}\numask 0022\n`, '/tmp/b/rootfs')).to.deep.equal([
      'mount / ROOTFS ro,relatime shared - ext4 /dev/vda rw',
      'umask 0022',
    ]);
  });
});
