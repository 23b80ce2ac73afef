import {
  CONTAINER_PROCESS,
  injectable,
  NsinitError,
  OptionReader,
  optionError,
  type Step,
  type StepContext,
} from 'nsinit';
import { hookFailure, stateOf } from './hook-state.js';
import type { OciHook, OciIdentity } from './oci-plan.js';

/** The moments of the set-up at which hooks run. */
export const SET_UP_HOOKS = ['createRuntime', 'createContainer', 'startContainer'] as const;

/** Hooks of one moment, and what they are told. */
export interface OciHooksOptions {
  readonly moment: (typeof SET_UP_HOOKS)[number];
  readonly hooks: readonly OciHook[];
  readonly identity: OciIdentity;
}

/**
 * Runs hooks: `createRuntime` on the host, `createContainer` in the container's namespaces with the
 * host's root, `startContainer` there with the container's root. Nothing takes back what they do.
 */
@injectable()
export class OciHooksStep implements Step<OciHooksOptions> {
  static readonly stepName = 'oci:hooks';
  static readonly view = 'either';
  static readonly repeatable = true;

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OciHooksOptions {
    const given = new OptionReader(input);
    return given.done({
      moment: given.oneOf('moment', SET_UP_HOOKS, 'createRuntime'),
      hooks: given.objects('hooks', readHook),
      identity: given.object('identity', readIdentity),
    });
  }

  describe({ moment, hooks }: OciHooksOptions): readonly string[] {
    const where = moment === 'createRuntime' ? 'on the host' : 'in the container';
    return hooks.map(({ path }) => `run the ${moment} hook ${path} ${where}`);
  }

  execute({ moment, hooks, identity }: OciHooksOptions, context: StepContext): void {
    const container = context.need(CONTAINER_PROCESS);
    const status = moment === 'startContainer' ? 'created' : 'creating';
    const input = stateOf(identity, { status, pid: container.pid });
    for (const { path, args, env, timeout } of hooks) {
      context.logger.info(`oci:hooks: ${moment} hook ${path}`);
      const end = container.run({
        where: moment === 'createRuntime' ? 'host' : 'container',
        path,
        args,
        env,
        input,
        timeout: timeout === undefined ? undefined : timeout * 1000,
      });
      if (end.code !== 0)
        throw new NsinitError('NSINIT_STEP', hookFailure(moment, path, { ...end, timeout }));
    }
  }
}

function readHook(given: OptionReader): OciHook {
  const timeout = given.integer('timeout', 0, 0x7fffffff, 0);
  return given.done({
    path: given.hostPath('path'),
    args: given.list('args', (item, name) => item.string(name)),
    env: given.list('env', (item, name) => item.string(name)),
    ...(timeout === 0 ? {} : { timeout }),
  });
}

function readIdentity(given: OptionReader): OciIdentity {
  const id = given.string('id', '');
  if (id === '') throw optionError('identity.id', 'the name of the container', id);
  return given.done({
    ociVersion: given.string('ociVersion', '1.0.2'),
    id,
    bundle: given.hostPath('bundle'),
    annotations: given.texts('annotations'),
  });
}
