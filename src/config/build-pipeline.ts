import { dirname, resolve } from 'node:path';
import { Pipeline } from '../pipeline/pipeline.js';
import type { StepClass } from '../pipeline/step.js';
import { createPreset, type UserMount } from '../steps/presets.js';
import { ChangeChecker } from './check-changes.js';
import type { Config, ConfiguredChange } from './config.js';
import type { ConfigProblems } from './config-problems.js';
import { KnownSteps } from './known-steps.js';
import type { LoadedPlugins } from './load-plugins.js';

/** Builds the pipeline; where something is wrong it is told, and the pipeline is not to be used. */
export function buildPipeline(
  config: Config,
  plugins: LoadedPlugins,
  file: string,
  problems: ConfigProblems,
): Pipeline {
  const known = new KnownSteps(plugins);
  const preset = startingPipeline(config, file, problems);
  const changes = Array.isArray(config.steps) ? (config.steps as ConfiguredChange[]) : [];
  const checker = new ChangeChecker(known, preset && [...preset.names], problems);
  for (const [index, change] of changes.entries()) {
    const path = ['steps', index];
    if (problems.isSound(path)) checker.check(change, path);
  }
  const pipeline = preset ?? new Pipeline();
  if (!problems.none) return pipeline;
  for (const [token, service] of plugins.services) pipeline.give(token, service);
  for (const change of changes) makeChange(pipeline, change, known);
  return pipeline;
}

/** The preset's, or undefined when it cannot be told what is in it. */
function startingPipeline(
  { preset, presetOptions, rootfs }: Config,
  file: string,
  problems: ConfigProblems,
): Pipeline | undefined {
  if (!problems.isSound(['preset']) || !problems.isSound(['presetOptions'])) return undefined;
  if (preset === 'none') return new Pipeline();
  const mounts = (presetOptions?.mounts ?? []).map((mount) => fromFile(mount, file));
  try {
    const throwaway = rootfs === undefined;
    return createPreset(preset ?? 'standard', { ...presetOptions, mounts, throwaway });
  } catch (error) {
    problems.add(['presetOptions'], error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function fromFile(mount: UserMount, file: string): UserMount {
  return 'bind' in mount ? { ...mount, bind: resolve(dirname(file), mount.bind) } : mount;
}

function makeChange(pipeline: Pipeline, change: ConfiguredChange, known: KnownSteps): void {
  const { before, after, replace, remove } = change;
  if (remove !== undefined) {
    pipeline.remove(remove);
    return;
  }
  const step = known.find(change.step ?? (replace as string)) as StepClass<object>;
  const options = change.options as object | undefined;
  if (before !== undefined) pipeline.insertBefore(before, step, options);
  else if (after !== undefined) pipeline.insertAfter(after, step, options);
  else if (replace !== undefined) pipeline.replace(replace, step, options);
  else pipeline.use(step, options);
}
