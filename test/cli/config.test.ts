import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { nsinit } from '../integration/nsinit-command.js';

describe('nsinit run --config', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsinit-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  it('tells five mistakes as five, each with its path, and exits 2', () => {
    const file = write(
      'five.json',
      JSON.stringify({
        preset: 'quick',
        plugins: ['./missing.js'],
        steps: [
          { step: 'mqueu', after: 'dev' },
          { replace: 'umask', options: { mask: 'oops' } },
        ],
        launch: { hostnme: 'box' },
      }),
    );
    const { status, stderr, stdout } = nsinit('run', '--config', file, '--', 'true');
    expect([status, stdout]).to.deep.equal([2, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => /: (\$[^:]*): /.exec(line)?.[1])).to.have.members([
      '$.preset',
      '$.plugins[0]',
      '$.steps[0].step',
      '$.steps[1].options.mask',
      '$.launch.hostnme',
    ]);
  });

  it('sets up what the file says, with a step of a plugin, and lets the command line add', function () {
    if (process.geteuid?.() !== 0) {
      (this.test as Mocha.Runnable).title += ' (needs root)';
      this.skip();
    }
    const file = write(
      'box.yaml',
      `plugins: [nsinit/plugins/mqueue]
steps:
  - { step: mqueue, after: dev-symlinks, options: { target: /dev/queues } }
launch:
  hostname: box
  uid: 7
  env: { FROM: file, BOTH: file }
  cwd: /dev
  namespaces: { net: new }
`,
    );
    const script =
      'hostname; id -u; echo $FROM $BOTH; pwd; grep -c . /proc/net/dev; cat /proc/mounts';
    const options = ['--env', 'BOTH=flag', '--tmpfs', '/opt'];
    const run = nsinit('run', '--config', file, ...options, '--', 'sh', '-c', script);
    expect(run.stderr).to.equal('');
    const [hostname, uid, variables, directory, devices, ...mounts] = run.stdout.split('\n');
    expect([hostname, uid, variables, directory]).to.deep.equal(['box', '7', 'file flag', '/dev']);
    // Two lines of heading, and the loopback device.
    expect(devices).to.equal('3');
    const types = mounts.map((line) => line.split(' ').slice(1, 3).join(' '));
    expect(types).to.include.members(['/dev/queues mqueue', '/opt tmpfs']);
  });

  it('goes after what the command line says, also where that is what it would be', function () {
    if (process.geteuid?.() !== 0) {
      (this.test as Mocha.Runnable).title += ' (needs root)';
      this.skip();
    }
    const file = write('after.json', JSON.stringify({ launch: { cwd: '/dev', uid: 5 } }));
    const run = (...options: string[]): string =>
      nsinit('run', '--config', file, ...options, '--', 'sh', '-c', 'pwd; id -u; id -g').stdout;
    expect(run()).to.equal('/dev\n5\n5\n');
    expect(run('--cwd', '/', '--user', '3')).to.equal('/\n3\n3\n');
  });

  it('does not go with --preset', () => {
    const { status, stderr } = nsinit('run', '--config', 'x.json', '--preset', 'standard', 'true');
    expect(status).to.equal(2);
    expect(stderr).to.include("'--config <file>' cannot be used with option '--preset <name>'");
  });
});

describe('nsinit schema', () => {
  it('prints the schema that the package publishes', () => {
    const { stdout, status } = nsinit('schema');
    expect(status).to.equal(0);
    const published = readFileSync('schemas/config.schema.json', 'utf8');
    expect(JSON.parse(stdout)).to.deep.equal(JSON.parse(published));
  });
});
