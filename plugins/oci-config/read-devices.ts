import { MOST_ID } from 'nsinit';
import type { ConfigValue } from './config-value.js';
import type { OciDevice } from './oci-plan.js';

// 12 and 20 bits (mknod(2), struct dev_t of the kernel).
const MOST_MAJOR = 0xfff;
const MOST_MINOR = 0xfffff;

const character = (name: string, major: number, minor: number): OciDevice => ({
  path: `/dev/${name}`,
  type: 'c',
  major,
  minor,
  mode: 0o666,
  uid: 0,
  gid: 0,
});

/** What every container has (config-linux.md, Default Devices); the console and ptmx are other steps'. */
const DEFAULT_DEVICES: readonly OciDevice[] = [
  character('null', 1, 3),
  character('zero', 1, 5),
  character('full', 1, 7),
  character('random', 1, 8),
  character('urandom', 1, 9),
  character('tty', 5, 0),
];

/** Reads `linux.devices` and adds the default devices that it does not have itself. */
export function readDevices(devices: ConfigValue, ownDev: boolean): readonly OciDevice[] {
  const listed = devices.items().map(readDevice);
  const seen = new Map<string, number>();
  listed.forEach(({ path }, index) => {
    const earlier = seen.get(path);
    if (earlier !== undefined)
      devices.problem(`${path} is there twice, as [${earlier}] and [${index}]`);
    seen.set(path, index);
  });
  if (!ownDev) {
    const below = listed.filter(({ path }) => path.startsWith('/dev/'));
    if (below.length > 0)
      devices.warn('those below /dev are not made: a directory of the host is bound there');
    return listed.filter((device) => !below.includes(device));
  }
  return [...DEFAULT_DEVICES.filter(({ path }) => !seen.has(path)), ...listed];
}

function readDevice(device: ConfigValue): OciDevice {
  device.warnOfOthers(['type', 'path', 'major', 'minor', 'fileMode', 'uid', 'gid']);
  // `u` is an unbuffered character device, which Linux does not tell from `c` (mknod(1)).
  const type = device.at('type').oneOf(['c', 'u', 'b', 'p']) ?? 'c';
  const path = device.at('path').absolutePath('in the container');
  if (path === '/' && device.at('path').given) device.at('path').problem('is the root itself');
  const number = type !== 'p';
  // Engines write the type's bits too.
  const mode = device.at('fileMode').integer(0, 0o177777, 0o666) & 0o7777;
  return {
    path,
    type: type === 'u' ? 'c' : type,
    major: device.at('major').integer(0, MOST_MAJOR, number ? undefined : 0),
    minor: device.at('minor').integer(0, MOST_MINOR, number ? undefined : 0),
    mode,
    uid: device.at('uid').integer(0, MOST_ID, 0),
    gid: device.at('gid').integer(0, MOST_ID, 0),
  };
}
