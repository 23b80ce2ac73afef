import { planNamespacesOf } from '../runtime/plan-launch.js';
import { planPipeline } from '../runtime/plan-pipeline.js';
import { openBundle } from './open-bundle.js';
import { assumptionsOf, planOptionsOf, planPrivileged, type Planned } from './plan-options.js';
import { checkRootfs, type RunFlags } from './run-options.js';

/** What `nsinit run --bundle` would do; undefined for mistakes in config.json, which have been told. */
export async function planBundle(
  bundle: string,
  command: readonly string[],
  given: RunFlags,
): Promise<Planned | undefined> {
  const container = await openBundle(bundle, command, given);
  if (container === undefined) return undefined;
  const { launch, pipeline, hooks } = container;
  const rootfs = checkRootfs(launch.rootfs ?? '', 'config.json: $.root.path');
  const namespaces = planNamespacesOf(launch, planPrivileged());
  const options = planOptionsOf(given, namespaces, {
    rootfs,
    terminal: Boolean(launch.terminal),
    outside: true,
  });
  const plan = planPipeline(pipeline, options);
  const inSetUp = [...hooks.createRuntime, ...hooks.createContainer, ...hooks.startContainer];
  const assumptions = [
    ...plan.assumptions,
    ...assumptionsOf(namespaces),
    ...inSetUp.map(({ path }) => `the hook ${path} succeeds, and changes nothing here`),
  ];
  return { plan: { ...plan, assumptions }, pipeline, options, title: container.identity.id };
}
