import type { ConfigValue } from './config-value.js';
import type { OciHook, OciHooks } from './oci-plan.js';

const MOST_SECONDS = 0x7fffffff;

/** Reads `hooks`. */
export function readHooks(hooks: ConfigValue): OciHooks {
  hooks.warnOfOthers([
    'prestart',
    'createRuntime',
    'createContainer',
    'startContainer',
    'poststart',
    'poststop',
  ]);
  const read = (name: string): readonly OciHook[] => hooks.at(name).items().map(readHook);
  return {
    // Deprecated; it runs where createRuntime does, and before it (config.md, Prestart).
    createRuntime: [...read('prestart'), ...read('createRuntime')],
    createContainer: read('createContainer'),
    startContainer: read('startContainer'),
    poststart: read('poststart'),
    poststop: read('poststop'),
  };
}

function readHook(hook: ConfigValue): OciHook {
  hook.warnOfOthers(['path', 'args', 'env', 'timeout']);
  const path = hook.at('path').absolutePath('of a program');
  const args = hook.at('args').strings();
  const timeout = hook.at('timeout').given
    ? hook.at('timeout').integer(1, MOST_SECONDS)
    : undefined;
  return {
    path,
    args: args.length === 0 ? [path] : args,
    env: hook.at('env').strings(),
    ...(timeout === undefined ? {} : { timeout }),
  };
}
