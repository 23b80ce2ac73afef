import { expect } from 'chai';
import {
  BindRootfsStep,
  NsinitError,
  parseMountinfo,
  Pipeline,
  PropagationStep,
  type Provided,
  type RunReport,
  type Step,
  type StepClass,
  type StepError,
} from 'nsinit';
import { MockSyscalls, type MockOptions } from 'nsinit/testing';

/** Where the modelled machine has an empty directory for a root. */
export const ROOT = '/srv/root';

/** A root bound on itself in a namespace that follows the host, and then the steps under test. */
export function pipelineOf<O>(step: StepClass<O>, options?: Partial<O>): Pipeline {
  return new Pipeline()
    .use(PropagationStep)
    .use(BindRootfsStep)
    .use(step, options as never);
}

/** Runs a pipeline on a modelled machine. */
export function runOn(
  sys: MockSyscalls,
  pipeline: Pipeline,
  provide: readonly Provided[] = [],
): RunReport {
  return pipeline.run({ syscalls: sys, rootfs: ROOT, force: true, provide });
}

/** The mounts below the root, a line each: place, flags, type and options. */
export function mountsOf(mountinfo: string, root = ROOT): string[] {
  return parseMountinfo(mountinfo)
    .filter(({ mountPoint }) => mountPoint.startsWith(`${root}/`))
    .map(({ mountPoint, options, fstype, superOptions }) =>
      [mountPoint.slice(root.length), options, fstype, superOptions].join(' '),
    );
}

/** Takes options and checks that the message names the wrong one. */
export function expectRefused(step: StepClass<unknown>, input: unknown, option: string): void {
  try {
    step.parse(input);
  } catch (error) {
    expect(error).to.be.instanceOf(NsinitError);
    expect((error as Error).message).to.include(option);
    return;
  }
  expect.fail(`${step.stepName} took ${JSON.stringify(input)}`);
}

/** Options that were read are options again: a pipeline takes either. */
export function expectIdempotent(step: StepClass<unknown>, input: unknown): void {
  const once = step.parse(input);
  expect(step.parse(once)).to.deep.equal(once);
}

class FailStep implements Step<object> {
  static readonly stepName = 'test:fail';
  static readonly view = 'either';
  static parse(): object {
    return {};
  }
  describe(): string {
    return 'fail';
  }
  execute(): void {
    throw new Error('a later step failed');
  }
}

/** A pipeline with a step at its end that fails. */
export const failAfter = (pipeline: Pipeline): Pipeline => pipeline.use(FailStep);

/** What is there to be seen of a machine. */
function pictureOf(sys: MockSyscalls): unknown {
  const { mountinfo, descriptors, umask, cwd, hostname } = sys.state;
  const points = parseMountinfo(mountinfo).map((mount) => [
    mount.mountPoint,
    mount.options,
    mount.fstype,
    mount.superOptions,
  ]);
  const files = sys.state.tree('/').filter(({ path }) => !/^(proc|sys)\//.test(path));
  return { points, files, descriptors: descriptors.length, umask, cwd, hostname };
}

function errorOf(run: () => unknown): StepError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error as StepError;
  }
}

/** Nothing of the step is left when a later step fails, nor when any of its own calls does. */
export function expectUndone(
  makeSys: () => MockSyscalls,
  makePipeline: () => Pipeline,
  provide: (sys: MockSyscalls) => readonly Provided[] = () => [],
): void {
  const sys = makeSys();
  const given = provide(sys);
  const before = pictureOf(sys);
  const error = errorOf(() => runOn(sys, failAfter(makePipeline()), given));
  expect(error?.message).to.include('a later step failed');
  expect(error?.undo, String(error?.undoErrors)).to.equal('done');
  expect(pictureOf(sys)).to.deep.equal(before);
}

export const machine = (options: MockOptions = {}): MockSyscalls => new MockSyscalls(options);
