import {
  inject,
  injectable,
  OptionReader,
  SYSCALLS,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** `process.cwd` of a configuration. */
export interface WorkingDirectoryOptions {
  readonly path: string;
}

/** Makes the directory that the command starts in, where the image does not have it. */
@injectable()
export class WorkingDirectoryStep implements Step<WorkingDirectoryOptions> {
  static readonly stepName = 'oci:working-directory';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'oci:mount', 'bind-mounts', 'tmpfs'];
  static readonly writesRoot = true;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): WorkingDirectoryOptions {
    const given = new OptionReader(input);
    return given.done({ path: given.containerPath('path', '/') });
  }

  describe({ path }: WorkingDirectoryOptions): string {
    return `make ${path}, if it is missing`;
  }

  execute({ path }: WorkingDirectoryOptions, { root }: StepContext): void {
    this.sys.close(root.mkdirAll(path, 0o755));
  }
}
