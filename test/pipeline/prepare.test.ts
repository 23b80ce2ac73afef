import { expect } from 'chai';
import {
  createPreset,
  key,
  NsinitError,
  Pipeline,
  PlanError,
  silentLogger,
  StepError,
  type Key,
  type PrepareContext,
  type Progress,
  type Step,
  type StepContext,
} from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import { injectFaults } from 'nsinit/testing';
import { planPipeline } from '../../src/plan.js';

const ARCHIVE: Key<string> = key('archive');

interface FetchOptions {
  readonly url: string;
  readonly cached: boolean;
}

/** What the steps of a test have done, in order. */
let log: string[];
/** How preparing ends, by URL. */
let endings: Record<string, (host: PrepareContext) => Promise<void> | void>;

class FetchStep implements Step<FetchOptions> {
  static readonly stepName = 'example:fetch';
  static readonly view = 'host';
  static readonly repeatable = true;
  static parse(input: unknown): FetchOptions {
    return { url: 'a', cached: false, ...(input as Partial<FetchOptions>) };
  }
  static needsPrepare({ cached }: FetchOptions): boolean {
    return !cached;
  }
  describe({ url }: FetchOptions): string {
    return `link what is at ${url}`;
  }
  async prepare({ url }: FetchOptions, host: PrepareContext): Promise<void> {
    host.progress({ done: 0, total: 2, what: url });
    log.push(`fetch ${url}`);
    host.defer(async () => {
      await Promise.resolve();
      log.push(`remove ${url}`);
    });
    host.closeAfter(() => log.push(`close ${url}`));
    await endings[url]?.(host);
    host.provide(ARCHIVE, `${host.find(ARCHIVE) ?? ''}${url}`);
  }
  rehearse({ url }: FetchOptions, { provide }: Pick<PrepareContext, 'provide'>): void {
    provide(ARCHIVE, url);
  }
  execute({ url, cached }: FetchOptions, context: StepContext): void {
    const target = cached ? 'cache' : context.need(ARCHIVE);
    log.push(`link ${target}`);
    context.root.symlinkIn(context.root.fd, url, target);
  }
}

class FailStep implements Step<object> {
  static readonly stepName = 'example:fail';
  static readonly view = 'host';
  static parse = (): object => ({});
  describe = (): string => 'fail';
  execute(): void {
    throw new Error('no');
  }
}

const fetching = (...urls: readonly string[]): Pipeline =>
  urls.reduce((pipeline, url) => pipeline.use(FetchStep, { url }), new Pipeline());

const machine = (): { syscalls: MockSyscalls; rootfs: string; force: true } => ({
  syscalls: new MockSyscalls(),
  rootfs: '/srv/root',
  force: true,
});

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('prepare', () => {
  beforeEach(() => {
    log = [];
    endings = {};
  });

  it('works before the run, hands over by key, and closes when the run has ended', async () => {
    const on = machine();
    const pipeline = fetching('a', 'b');
    const seen: [string, Progress][] = [];
    const observers = [
      { progress: (step: string, progress: Progress) => void seen.push([step, progress]) },
    ];
    const preparation = await pipeline.prepare({ ...on, observers });
    expect(log).to.deep.equal(['fetch a', 'fetch b']);
    expect(on.syscalls.calls).to.deep.equal([]);
    await preparation.use((prepared) => pipeline.run({ ...on, prepared }));
    expect(log.slice(2)).to.deep.equal(['link ab', 'link ab', 'close b', 'close a']);
    expect(seen[1]).to.deep.equal(['example:fetch', { done: 0, total: 2, what: 'b' }]);
    expect(await preparation.undo()).to.deep.equal([]);
    const again = await thrownBy(preparation.use(() => log.push('again')));
    expect((again as Error).message).to.include('prepare again');
    expect(log).to.have.lengthOf(6);
  });

  it('is taken back for a run that does not come', async () => {
    const preparation = await fetching('a').prepare(machine());
    expect(await preparation.undo()).to.deep.equal([]);
    expect(log).to.deep.equal(['fetch a', 'remove a', 'close a']);
  });

  it('takes back what was made when a later step cannot be prepared', async () => {
    endings.b = () => Promise.reject(new Error('404'));
    const error = (await thrownBy(fetching('a', 'b', 'c').prepare(machine()))) as StepError;
    expect(error).to.be.instanceOf(StepError).with.property('undo', 'done');
    expect(error.message).to.equal('step example:fetch: 404');
    expect(log.slice(2)).to.deep.equal(['remove b', 'remove a', 'close b', 'close a']);
  });

  it('takes it back when the run fails, and tells what could not be', async () => {
    const on = machine();
    endings.a = ({ defer }) => defer(() => Promise.reject(new Error('disk')));
    const pipeline = fetching('a').use(FailStep);
    const preparation = await pipeline.prepare(on);
    const error = (await thrownBy(
      preparation.use((prepared) => pipeline.run({ ...on, prepared })),
    )) as StepError;
    expect([error.step, error.undo]).to.deep.equal(['example:fail', 'failed']);
    expect(error.undoErrors.map(String)).to.deep.equal(['Error: disk']);
    expect(log.slice(1)).to.deep.equal(['link a', 'remove a', 'close a']);
    expect(on.syscalls.state.tree('/srv/root')).to.deep.equal([]);
  });

  it('has an end, for what the container uses until then', async () => {
    const on = machine();
    endings.a = ({ afterEnd }) => afterEnd(() => void log.push('unmount a'));
    endings.b = ({ afterEnd }) => afterEnd(() => Promise.reject(new Error('busy')));
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const pipeline = fetching('a', 'b');
    const preparation = await pipeline.prepare({ ...on, logger });
    await preparation.use((prepared) => pipeline.run({ ...on, prepared }));
    expect(preparation.hasEnd).to.equal(true);
    expect(log).to.not.include('unmount a');
    await preparation.end();
    expect(log.slice(6)).to.deep.equal(['unmount a']);
    expect(warnings).to.deep.equal(['busy']);
    await preparation.end();
    expect(log).to.have.lengthOf(7);
  });

  it('has its end when it is taken back, too', async () => {
    endings.a = ({ afterEnd }) => afterEnd(() => void log.push('unmount a'));
    const preparation = await fetching('a').prepare(machine());
    expect(await preparation.undo()).to.deep.equal([]);
    expect(log).to.deep.equal(['fetch a', 'unmount a', 'remove a', 'close a']);
    expect(preparation.hasEnd).to.equal(false);
  });

  it('stops when it is aborted, with the reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    endings.a = ({ signal }) =>
      new Promise((_, fail) => {
        signal.addEventListener('abort', () => fail(new Error('stopped')));
        abort.abort(reason);
      });
    const given = { ...machine(), signal: abort.signal };
    expect(await thrownBy(fetching('a', 'b').prepare(given))).to.equal(reason);
    expect(log).to.deep.equal(['fetch a', 'remove a', 'close a']);
    expect(await thrownBy(fetching('b').prepare(given))).to.equal(reason);
    expect(log).to.have.lengthOf(3);
  });

  it('is asked for by a run that was not prepared, unless there is nothing to prepare', () => {
    expect(() => fetching('a').run(machine()))
      .to.throw(NsinitError, 'step example:fetch has not been prepared: await pipeline.prepare()')
      .with.property('code', 'NSINIT_MISSING_VALUE');
    new Pipeline().use(FetchStep, { cached: true }).run(machine());
    expect(log).to.deep.equal(['link cache']);
    expect(createPreset('standard').needsPreparation).to.equal(false);
  });

  it('begins nothing for a pipeline whose order is wrong', async () => {
    const wrong = createPreset('classic', { readonly: true }).insertBefore(
      'system-mounts',
      FetchStep,
    );
    const error = await thrownBy(wrong.prepare({ ...machine(), force: false }));
    expect(error).to.be.instanceOf(PlanError);
    expect(log).to.deep.equal([]);
  });

  it('is told of by a plan, which does not do it', () => {
    const pipeline = fetching('a').use(FetchStep, { url: 'b', cached: true });
    const { steps, failure } = planPipeline(pipeline, {
      rootfs: '/srv/root',
      machine: () => ({}),
    });
    expect(failure).to.equal(null);
    expect(steps.map(({ prepares }) => prepares)).to.deep.equal([true, undefined]);
    expect(steps[0]?.calls.map(({ call }) => call)).to.include('symlinkat');
    expect(log).to.deep.equal(['link a', 'link cache']);
  });

  it('is told of where nothing stands for it in a plan', () => {
    class UnrehearsedStep extends FetchStep {}
    Object.assign(UnrehearsedStep.prototype, { rehearse: undefined });
    const pipeline = new Pipeline().use(UnrehearsedStep, { url: 'a' });
    const { failure } = planPipeline(pipeline, { rootfs: '/srv/root', machine: () => ({}) });
    expect(failure?.message).to.match(/"archive": on a modelled machine example:fetch .*rehearse/);
    expect(failure?.unknown).to.equal(true);
  });

  it('is rehearsed where calls are failed', () => {
    const report = injectFaults({ name: 'fetch', pipeline: () => fetching('a') });
    expect(report.failures).to.deep.equal([]);
    expect(log).not.to.include('fetch a');
  });
});
