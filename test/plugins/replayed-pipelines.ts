import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPreset, type HostPath, type Pipeline } from 'nsinit';
import { BindMountsStep } from 'nsinit/plugins/bind-mounts';
import { CgroupMountStep } from 'nsinit/plugins/cgroup-mount';
import { EtcFilesStep } from 'nsinit/plugins/etc-files';
import { FilesStep } from 'nsinit/plugins/files';
import { HostnameStep } from 'nsinit/plugins/hostname';
import { MaskedPathsStep } from 'nsinit/plugins/masked-paths';
import { MqueueStep } from 'nsinit/plugins/mqueue';
import { OverlayMountStep, OverlayRootStep } from 'nsinit/plugins/overlay-root';
import { SysctlStep } from 'nsinit/plugins/sysctl';
import { TmpfsReadonlyStep, TmpfsStep } from 'nsinit/plugins/tmpfs';
import { OciDevicesStep } from '../../plugins/oci-config/oci-devices-step.js';
import { OciMountStep } from '../../plugins/oci-config/oci-mount-step.js';
import { WorkingDirectoryStep } from '../../plugins/oci-config/working-directory-step.js';

/** A set-up with a step of a plugin in it, and how what it made is looked at. */
export interface ReplayedSetUp {
  /** Completes the preset. @param host a directory of the host for what the step shows. */
  readonly complete: (pipeline: Pipeline, host: string) => Pipeline;
  /** Shell, in the container: prints what the step is about. */
  readonly look: string;
}

const onHost = (host: string, name: string): HostPath => join(host, name) as HostPath;

/** By the name of the step. */
export const SET_UPS: Readonly<Record<string, ReplayedSetUp>> = {
  'bind-mounts': {
    complete: (pipeline, host) =>
      pipeline.insertBefore('root-switch', BindMountsStep, {
        mounts: [
          { source: onHost(host, 'shown'), target: '/mnt/shown', readonly: true },
          { source: onHost(host, 'missing'), target: '/mnt/missing', optional: true },
        ],
      }),
    look: 'cat /mnt/shown/text; ls /mnt; touch /mnt/shown/x',
  },
  'cgroup-mount': {
    complete: (pipeline) => pipeline.insertBefore('root-switch', CgroupMountStep),
    look: 'ls /sys/fs/cgroup',
  },
  'etc-files': {
    complete: (pipeline, host) =>
      pipeline
        .insertBefore('root-switch', EtcFilesStep, {
          hostname: 'box',
          passwd: [{ name: 'app', uid: 1000, gid: 1000 }],
          append: true,
          files: [{ path: '/etc/shown', source: onHost(host, 'shown/text') }],
        })
        .insertBefore('root-switch', EtcFilesStep, {
          place: 'image',
          hosts: [{ address: '127.0.0.1', names: ['localhost'] }],
        }),
    look: 'cd /etc; cat hostname passwd shown hosts; stat -c "%a %u %n" *',
  },
  files: {
    complete: (pipeline, host) =>
      pipeline.insertBefore('root-switch', FilesStep, {
        entries: [
          { path: '/opt/app', type: 'directory', mode: 0o750, uid: 7 },
          { path: '/opt/app/written', type: 'file', content: 'written\n', mode: 0o640 },
          { path: '/opt/app/copied', type: 'file', source: onHost(host, 'shown/text') },
          { path: '/opt/app/link', type: 'link', target: 'copied' },
          { path: '/etc', type: 'attributes', mode: 0o711 },
        ],
      }),
    look: 'cd /opt/app; cat written link; stat -c "%a %u %F %n" /etc . *',
  },
  hostname: {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', HostnameStep, { hostname: 'box', domainname: 'lan' }),
    look: 'hostname; cat /proc/sys/kernel/domainname',
  },
  'masked-paths': {
    complete: (pipeline) => pipeline.insertBefore('root-switch', MaskedPathsStep),
    look: 'cat /proc/keys; ls /sys/firmware; touch /proc/sys/kernel/hostname',
  },
  mqueue: {
    complete: (pipeline) => pipeline.insertBefore('root-switch', MqueueStep, { target: '/mnt/q' }),
    look: 'stat -c "%a %F" /mnt/q',
  },
  'oci:devices': {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', OciDevicesStep, {
        devices: [
          { path: '/dev/fifo', type: 'p', major: 0, minor: 0, mode: 0o600, uid: 3, gid: 4 },
          { path: '/dev/mem2', type: 'c', major: 1, minor: 5, mode: 0o666, uid: 0, gid: 0 },
        ],
      }),
    look: 'stat -c "%a %u:%g %t:%T %n" /dev/fifo /dev/mem2',
  },
  'oci:mount': {
    complete: (pipeline) =>
      pipeline
        .insertBefore('root-switch', OciMountStep, {
          target: '/mnt/proc',
          fstype: 'proc',
          options: ['nosuid', 'ro'],
        })
        .insertBefore('root-switch', OciMountStep, {
          target: '/mnt',
          fstype: 'tmpfs',
          options: ['size=64k', 'mode=700'],
        }),
    look: 'stat -c "%a %F" /mnt',
  },
  'oci:working-directory': {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', WorkingDirectoryStep, { path: '/srv/app' }),
    look: 'stat -c "%a %F" /srv/app',
  },
  'overlay-mount': {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', OverlayMountStep, { target: '/etc', size: '1m' }),
    look: 'ls /etc; echo x > /etc/new; cat /etc/new',
  },
  'overlay-root': {
    complete: (pipeline) => pipeline.replace('bind-rootfs', OverlayRootStep, { size: '1m' }),
    look: 'ls /; echo x > /new; cat /new',
  },
  sysctl: {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', SysctlStep, {
        settings: { 'kernel.msgmax': '4096' },
      }),
    look: 'cat /proc/sys/kernel/msgmax',
  },
  tmpfs: {
    complete: (pipeline) =>
      pipeline.insertBefore('root-switch', TmpfsStep, { target: '/mnt/t', size: '64k', uid: 9 }),
    look: 'stat -c "%a %u %F" /mnt/t; touch /mnt/t/x',
  },
  'tmpfs-readonly': {
    complete: (pipeline) =>
      pipeline
        .insertBefore('root-switch', TmpfsStep, { target: '/mnt/t' })
        .insertBefore('root-switch', TmpfsReadonlyStep, { targets: ['/mnt/t'] }),
    look: 'touch /mnt/t/x',
  },
};

/** What a launch is told: a step, and the directory of the host. */
export interface Given {
  readonly step: string;
  readonly host: string;
}

export function pipelineWith({ step, host }: Given): Pipeline {
  return SET_UPS[step]!.complete(createPreset('standard'), host);
}

/** Makes what the steps show of the host. */
export function fillHost(host: string): void {
  mkdirSync(join(host, 'shown'));
  writeFileSync(join(host, 'shown/text'), 'of the host\n');
}

/** Lists a directory, which no replay does. */
export const copyingPipeline = (): Pipeline =>
  createPreset('standard').insertBefore('root-switch', TmpfsStep, { target: '/mnt', copyUp: true });
