import { NsinitError, optionError, type HostPath, type OptionReader } from 'nsinit';

/** Values of `redirect_dir` (overlayfs.rst). */
export const REDIRECT_MODES = ['on', 'off', 'follow', 'nofollow'] as const;

/** The layers of a root, and how overlayfs joins them. */
export interface OverlayRootOptions extends OverlayOptions {
  /** Directories of the host, the uppermost first; the run's rootfs when empty. */
  readonly lower: readonly string[];
}

/** How an overlay is made. */
export interface OverlayOptions {
  /** Where what is written is kept: a directory of the host, a tmpfs, or nowhere. */
  readonly upper: string;
  /** A directory of the upper one's file system, for the kernel alone; made if it is missing. */
  readonly work?: string | undefined;
  /** Size of the tmpfs, as tmpfs(5) takes it; half of the memory when empty. */
  readonly size: string;
  /** Copies a file's attributes up without its content. */
  readonly metacopy?: boolean | undefined;
  /** How directories that are renamed are kept. */
  readonly redirectDir?: (typeof REDIRECT_MODES)[number] | undefined;
  /** Keeps hard links together when a file is copied up. */
  readonly index?: boolean | undefined;
  /** Nothing is synchronized: faster, and after a crash the upper directory is worth nothing. */
  readonly volatile: boolean;
  /** Takes attributes that users may write; so where there is a user namespace unless given. */
  readonly userxattr?: boolean | undefined;
}

/** What it does, a line an action. */
export function describeUpper({ upper }: OverlayOptions, layers: string): readonly string[] {
  if (upper === 'none') return [`mount an overlay of ${layers} that cannot be written to`];
  if (upper === 'tmpfs')
    return ['mount a tmpfs for what is written', `mount an overlay of it over ${layers}`];
  return [`mount an overlay of ${upper}, which takes what is written, over ${layers}`];
}

/** @throws NsinitError naming the option. */
export function readOverlayRoot(given: OptionReader): OverlayRootOptions {
  const flag = (option: string): boolean => given.boolean(option);
  const read = {
    lower: given.list('lower', (item, name): HostPath => item.hostPath(name)),
    upper: readUpper(given),
    work: given.optional('work', (option) => given.hostPath(option)),
    size: given.stringOrInteger('size', ''),
    metacopy: given.optional('metacopy', flag),
    redirectDir: given.optional('redirectDir', (option) => given.oneOf(option, REDIRECT_MODES)),
    index: given.optional('index', flag),
    volatile: given.boolean('volatile', false),
    userxattr: given.optional('userxattr', flag),
  };
  const options = given.done(
    Object.fromEntries(
      Object.entries(read).filter(([, value]) => value !== undefined),
    ) as unknown as OverlayRootOptions,
  );
  refuseContradictions(options);
  return options;
}

function readUpper(given: OptionReader): string {
  const upper = given.string('upper', 'tmpfs');
  if (upper === 'tmpfs' || upper === 'none') return upper;
  if (upper.startsWith('/')) return given.hostPath('upper');
  throw optionError(given.nameOf('upper'), '"tmpfs", "none" or an absolute path', upper);
}

function refuseContradictions(options: OverlayRootOptions): void {
  const { upper, work, size, lower, userxattr } = options;
  const onDisk = upper !== 'tmpfs' && upper !== 'none';
  if (onDisk && work === undefined)
    throw optionError('work', "a directory of the upper one's file system", work);
  if (!onDisk && work !== undefined)
    throw optionError('work', 'left out without an upper directory', work);
  if (size !== '' && upper !== 'tmpfs')
    throw optionError('size', 'left out where upper is no tmpfs', size);
  if (upper === 'none' && lower.length < 2)
    throw optionError('lower', 'two layers at least without an upper one (or bind-rootfs)', lower);
  for (const option of ['index', 'volatile'] as const) {
    if (upper === 'none' && options[option] === true)
      throw optionError(option, 'left out without an upper directory', true);
  }
  refuseTrusted(options, userxattr === true);
}

/** Whoever may write users' attributes alone cannot have what is kept in trusted ones. */
export function refuseTrusted({ metacopy, redirectDir }: OverlayOptions, userxattr: boolean): void {
  const trusted = metacopy === true || redirectDir === 'on' || redirectDir === 'follow';
  if (!userxattr || !trusted) return;
  throw new NsinitError(
    'NSINIT_OPTION',
    'option metacopy, or redirectDir on or follow, cannot be had with userxattr, which a user namespace needs',
  );
}
