import { existsSync } from 'node:fs';
import type { UserMount } from '../steps/presets.js';
import { absolutePath } from './run-options.js';
import { UsageError } from './usage-error.js';

function checkDestination(option: string, destination: string): string {
  if (destination.startsWith('/') && !destination.split('/').includes('..')) return destination;
  throw new UsageError(
    `${option}: the destination ${JSON.stringify(destination)} must be an absolute path of the container, without ".."`,
  );
}

/**
 * `SRC[:DST][:ro]`; the destination is the source's path unless given. `\:` is a colon of a path.
 *
 * @throws UsageError when the source is missing or the destination is relative.
 */
export function parseBind(value: string): UserMount {
  const parts = value.split(/(?<!\\):/).map((part) => part.replaceAll('\\:', ':'));
  const readonly = parts.length > 1 && parts.at(-1) === 'ro';
  if (readonly) parts.pop();
  const [source = '', destination, ...rest] = parts;
  if (source === '' || rest.length > 0)
    throw new UsageError(
      `--bind takes SRC[:DST][:ro] with "\\:" for a colon of a path, not ${JSON.stringify(value)}`,
    );
  const bind = absolutePath('--bind', source);
  if (!existsSync(bind)) throw new UsageError(`--bind: the source ${bind} does not exist`);
  return { bind, target: checkDestination('--bind', destination ?? bind), readonly };
}

/** `DST[:SIZE]`. @throws UsageError when the destination is relative or the size is none. */
export function parseTmpfs(value: string): UserMount {
  const [destination = '', size, ...rest] = value.split(':');
  if (rest.length > 0 || (size !== undefined && !/^\d+[kmgKMG%]?$/.test(size))) {
    throw new UsageError(
      `--tmpfs takes DST[:SIZE] with a size such as 64m, not ${JSON.stringify(value)}`,
    );
  }
  const tmpfs = checkDestination('--tmpfs', destination);
  return size === undefined ? { tmpfs } : { tmpfs, size };
}
