import type { ConfigValue } from './config-value.js';

const NO_CGROUP = 'no cgroup is made, so it is not set';

/** Refuses or warns of what a configuration asks for and nsinit does not do, field by field. */
export function reportNotCarriedOut(config: ConfigValue): void {
  const process = config.at('process');
  const linux = config.at('linux');
  refuseLabels(process, linux);
  const refused: readonly (readonly [value: ConfigValue, why: string])[] = [
    [process.at('scheduler'), 'the scheduling policy is not set'],
    [process.at('ioPriority'), 'the I/O priority is not set'],
    [process.at('execCPUAffinity'), 'the CPU affinity is not set'],
    [linux.at('intelRdt'), 'cache and memory bandwidth are not allocated'],
    [linux.at('netDevices'), 'no network device is moved'],
    [linux.at('memoryPolicy'), 'the NUMA memory policy is not set'],
    [linux.at('timeOffsets'), 'no time namespace is made'],
  ];
  for (const [value, why] of refused) if (isAsked(value)) value.refuse(why);
  const domain = linux.at('personality').at('domain');
  if (domain.given && domain.raw !== 'LINUX') domain.refuse('the execution domain is not changed');
  if (isAsked(linux.at('cgroupsPath')))
    linux.at('cgroupsPath').warn('no cgroup is made: the container stays in the one of its caller');
  reportResources(linux.at('resources'));
  for (const platform of ['windows', 'solaris', 'vm', 'zos', 'freebsd'])
    if (config.at(platform).given) config.at(platform).warn('is for another platform: passed over');
}

/** A container that was to be confined by a label must not run without it unnoticed. */
function refuseLabels(process: ConfigValue, linux: ConfigValue): void {
  const profile = process.at('apparmorProfile');
  if (isAsked(profile) && profile.raw !== 'unconfined')
    profile.refuse('no AppArmor profile is applied');
  const label = process.at('selinuxLabel');
  if (isAsked(label)) label.refuse('no SELinux label is set');
  const mountLabel = linux.at('mountLabel');
  if (isAsked(mountLabel)) mountLabel.refuse('mounts get no SELinux label');
}

function reportResources(resources: ConfigValue): void {
  for (const [name, value] of resources.fields()) {
    if (!isAsked(value)) continue;
    if (name === 'devices')
      value.warn(`${NO_CGROUP}: with CAP_MKNOD the container can make and open any device`);
    else value.warn(NO_CGROUP);
  }
}

/** Whether there is something in it: engines write empty strings, lists and objects. */
function isAsked({ given, raw }: ConfigValue): boolean {
  if (!given || raw === '') return false;
  return typeof raw !== 'object' || Object.keys(raw as object).length > 0;
}
