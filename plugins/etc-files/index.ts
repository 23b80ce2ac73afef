import {
  inject,
  injectable,
  OptionReader,
  SYSCALLS,
  type Step,
  type StepContext,
  type Syscalls,
} from 'nsinit';
import {
  formatGroup,
  formatHosts,
  formatPasswd,
  formatResolvConf,
  mergeByName,
} from './formats.js';
import { readEtcFiles, type EtcFile, type EtcFilesOptions } from './options.js';
import { bindFile, bindWritten, type WrittenFile } from './place-files.js';
import { readImage, writeImage } from './write-image.js';

export type { GroupEntry, HostsEntry, PasswdEntry, ResolvConf } from './formats.js';
export type { EtcFile, EtcFilesOptions } from './options.js';

/** Gives the container the files of /etc that say who and where it is. */
@injectable()
export class EtcFilesStep implements Step<EtcFilesOptions> {
  static readonly stepName = 'etc-files';
  static readonly view = 'host';
  static readonly replayable = true;
  static readonly after = ['bind-rootfs', 'overlay-root', 'bind-mounts', 'tmpfs'];
  static readonly writesRoot = true;
  static readonly repeatable = true;
  static readonly tolerates = [
    { call: 'openat2', errnos: ['ENOENT'], because: 'the image has no such file' },
  ] as const;

  constructor(@inject(SYSCALLS) private readonly sys: Syscalls) {}

  /** @throws NsinitError naming the option. */
  static parse(input: unknown): EtcFilesOptions {
    return readEtcFiles(new OptionReader(input));
  }

  describe(options: EtcFilesOptions): readonly string[] {
    const how = options.place === 'memory' ? 'bind a file in memory on' : 'write';
    return filesOf(options).map(({ path, source, append }) => {
      if (source !== undefined) return `bind ${source} of the host on ${path}, read-only`;
      return `${how} ${path}${append === true ? ", with the image's lines" : ''}`;
    });
  }

  execute(options: EtcFilesOptions, context: StepContext): void {
    const { sys } = this;
    const written: WrittenFile[] = [];
    for (const { path, source, content = '', mode = 0o644, append } of filesOf(options)) {
      if (source !== undefined) bindFile(sys, context, path, source);
      else if (append !== true) written.push({ path, content, mode });
      else {
        const image = readImage(sys, context, path);
        written.push({ path, content: mergeByName(image, content), mode });
      }
    }
    if (options.place === 'memory') bindWritten(sys, context, written);
    else for (const file of written) writeImage(sys, context, file);
  }
}

interface PlannedFile extends EtcFile {
  readonly append?: boolean;
}

function filesOf(options: EtcFilesOptions): readonly PlannedFile[] {
  const { resolvConf, hosts, hostname, passwd, group, append, files } = options;
  return [
    ...fileOf('/etc/resolv.conf', resolvConf, formatResolvConf),
    ...fileOf('/etc/hosts', hosts, formatHosts),
    ...(hostname === undefined ? [] : [{ path: '/etc/hostname', content: `${hostname}\n` }]),
    ...fileOf('/etc/passwd', passwd, formatPasswd, append),
    ...fileOf('/etc/group', group, formatGroup, append),
    ...files,
  ];
}

function fileOf<T>(
  path: string,
  wanted: 'host' | T | undefined,
  format: (value: T) => string,
  append = false,
): readonly PlannedFile[] {
  if (wanted === undefined) return [];
  if (wanted === 'host') return [{ path, source: path }];
  return [{ path, content: format(wanted as T), append }];
}
