import {
  flags,
  inject,
  injectable,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  mountNew,
  openMountPoint,
  OptionReader,
  SYSCALLS,
  withFd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** Where the queues are mounted. */
export interface MqueueOptions {
  /** Where it is mounted in the container; made if it is missing. */
  readonly target: string;
}

/** Mounts the message queues of the IPC namespace (mq_overview(7)). */
@injectable()
export class MqueueStep implements Step<MqueueOptions> {
  static readonly stepName = 'mqueue';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'dev', 'system-mounts'];
  static readonly writesRoot = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): MqueueOptions {
    const given = new OptionReader(input);
    return given.done({ target: given.mountPoint('target', '/dev/mqueue') });
  }

  describe({ target }: MqueueOptions): string {
    return `mount mqueue on ${target}`;
  }

  execute({ target }: MqueueOptions, context: StepContext): void {
    const attributes = flags(MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC);
    withFd(this.sys, openMountPoint(this.sys, context, target, 'directory'), (place) => {
      mountNew(this.sys, context, { fstype: 'mqueue', source: 'mqueue', attributes }, place);
    });
  }
}
