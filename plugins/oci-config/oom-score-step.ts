import {
  AT_FDCWD,
  CONTAINER_PROCESS,
  flags,
  hostPath,
  inject,
  injectable,
  O_CLOEXEC,
  O_WRONLY,
  OptionReader,
  SYSCALLS,
  withFd,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';

/** `process.oomScoreAdj` of a configuration. */
export interface OomScoreOptions {
  /** -1000 never, 1000 first. */
  readonly score: number;
}

/** Says how readily the command is ended when memory runs out (proc_pid_oom_score_adj(5)). */
@injectable()
export class OomScoreStep implements Step<OomScoreOptions> {
  static readonly stepName = 'oci:oom-score';
  // The file is in the host's /proc, under the number that the host gave the process.
  static readonly view = 'host';

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): OomScoreOptions {
    const given = new OptionReader(input);
    return given.done({ score: given.integer('score', -1000, 1000, 0) });
  }

  describe({ score }: OomScoreOptions): string {
    return `set the command's oom_score_adj to ${score}`;
  }

  execute({ score }: OomScoreOptions, context: StepContext): void {
    const { pid } = context.need(CONTAINER_PROCESS);
    const path = hostPath(`/proc/${pid}/oom_score_adj`);
    const how = { flags: flags(O_WRONLY, O_CLOEXEC) };
    withFd(this.sys, this.sys.openat2(AT_FDCWD, path, how), (file) => {
      this.sys.write(file, Buffer.from(String(score)));
    });
  }
}
