import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import {
  createPreset,
  FSOPEN_CLOEXEC,
  PlanError,
  SYSCALLS,
  type Syscalls,
} from '../../src/index.js';
import { planPipeline, type Plan } from '../../src/plan.js';
import { formatPlanMermaid } from '../../src/cli/plan-mermaid.js';
import { formatPlanText } from '../../src/cli/plan-text.js';
import { directory, file } from '../../src/testing.js';
import { environment } from '../integration/environment.js';
import { nsinit } from '../integration/nsinit-command.js';

const node = (...args: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, args, { encoding: 'utf8', env: environment() });
const small = (): object => ({});
const plain = { bold: (text: string) => text, dim: (text: string) => text };
const standard = (): Plan =>
  planPipeline(createPreset('standard'), { rootfs: '/srv/root', machine: small });

describe('a plan', () => {
  it('has the calls of each step, the mounts that result, and fits its schema', () => {
    const plan = standard();
    expect(plan.failure).to.equal(null);
    expect(plan.steps.map(({ step }) => step).slice(0, 3)).to.deep.equal([
      'propagation',
      'bind-rootfs',
      'dev',
    ]);
    expect(plan.steps[0]?.calls[0]).to.deep.equal({
      call: 'mount',
      args: ['""', '"/"', '""', 'MS_SLAVE|MS_REC', '""'],
      result: '0',
      failed: false,
    });
    expect(plan.mounts.map(({ mountPoint }) => mountPoint)).to.include.members([
      '/',
      '/dev',
      '/proc',
    ]);
    const schema = JSON.parse(readFileSync('schemas/plan.schema.json', 'utf8')) as object;
    const validate = new Ajv2020().compile(schema);
    expect(validate(JSON.parse(JSON.stringify(plan))), JSON.stringify(validate.errors)).to.equal(
      true,
    );
  });

  it('says at which step and call the run would fail, and what would become of the rest', () => {
    const machine = () => ({ files: { '/srv/root/proc': file() } });
    const plan = planPipeline(createPreset('standard'), { rootfs: '/srv/root', machine });
    expect(plan.failure).to.include({ step: 'system-mounts', undo: 'done' });
    expect(plan.mounts).to.deep.equal([]);
    expect(formatPlanText(plan, plain)).to.match(
      / 4\. system-mounts[^]*fails here: step system-mounts/,
    );
  });

  it('says where the model does not know how a run would go on', () => {
    class NfsStep {
      static readonly stepName = 'example:nfs';
      static readonly view = 'host';
      static readonly inject = [SYSCALLS];
      static parse = (): object => ({});
      constructor(private readonly sys: Syscalls) {}
      describe = (): string => 'mount an export';
      execute(): void {
        this.sys.fsopen('nfs4', FSOPEN_CLOEXEC);
      }
    }
    const pipeline = createPreset('standard').insertBefore('root-switch', NfsStep);
    const plan = planPipeline(pipeline, { rootfs: '/srv/root', machine: small });
    expect(plan.failure).to.deep.include({ step: 'example:nfs', unknown: true });
    expect(formatPlanText(plan, plain)).to.match(
      /not known from here on: step example:nfs: .*nfs4/,
    );
    expect(formatPlanMermaid(plan)).to.include('not known');
  });

  it('knows how much memory this machine has, for a tmpfs of a part of it', () => {
    const { status, stdout, stderr } = nsinit('plan', '--rootfs', '/usr', '--tmpfs', '/tmp:50%');
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^ {2}\/tmp +tmpfs/m);
  });

  it('has the fallbacks that would be taken, with their cost', () => {
    const caller = { uid: 1000, gid: 1000, userNamespace: true };
    const plan = planPipeline(createPreset('standard'), {
      rootfs: '/srv/root',
      machine: () => ({ files: { '/srv/root': directory(0o755, { uid: 1000, gid: 1000 }) } }),
      own: ['ipc', 'uts'],
      caller,
    });
    const taken = plan.steps.flatMap(({ fallbacks }) => fallbacks);
    expect(taken.map(({ fallback }) => fallback)).to.include('bind-host-sys');
    for (const { cost, error } of taken) {
      expect(cost).to.not.equal('');
      expect(error).to.match(/^\w+\(.*\): E[A-Z]+: /);
    }
  });

  it('tells all that is wrong with the order at once', () => {
    expect(() =>
      planPipeline(createPreset('classic', { readonly: true }), {
        rootfs: '/srv/root',
        machine: small,
      }),
    )
      .to.throw(PlanError)
      .with.property('problems')
      .with.lengthOf(4);
  });

  it('is printed with a rule at the root switch, and as a flow chart', () => {
    const text = formatPlanText(standard(), plain);
    expect(text.indexOf('the root is switched here')).to.be.greaterThan(
      text.indexOf('root-switch'),
    );
    expect(text.indexOf('. umask')).to.be.greaterThan(text.indexOf('the root is switched here'));
    expect(formatPlanMermaid(standard())).to.match(/^flowchart TD\n {2}s0\["propagation<br\/>make/);
  });

  it('equals the trace of the run that follows it, of root and of an ordinary user', function () {
    if (process.geteuid?.() !== 0) {
      this.test!.title += ' (needs root)';
      this.skip();
    }
    const { stdout, stderr } = node('test/plan-diff.mjs', '--short');
    expect(stderr).to.equal('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).to.have.lengthOf(9);
    for (const line of lines) expect(line).to.match(/: \d{3} calls, 0 differ$/);
  }).timeout(60_000);

  it('is made of a bundle too, which no option of the container goes with', () => {
    const refused = nsinit('plan', '--bundle', '/nowhere', '--readonly');
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.equal(
      'nsinit: --readonly does not go with --bundle: config.json describes the container\n',
    );
    const missing = nsinit('plan', '--bundle', '/nowhere', '--json');
    expect(missing.status).to.equal(2);
    expect(missing.stderr).to.match(/^nsinit: config.json: \/nowhere\/config.json cannot be read/);
  });
});
