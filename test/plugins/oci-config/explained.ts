/** A difference between runc and nsinit that is meant; the plugin's README says why, under its id. */
export interface Explanation {
  readonly id: string;
  /** Lines of a probe, `-` for runc's and `+` for nsinit's. */
  readonly lines: readonly RegExp[];
}

export const EXPLANATIONS: readonly Explanation[] = [
  {
    id: 'masked directories',
    lines: [
      /^- mount \S+ \/ ro,relatime - tmpfs tmpfs ro$/,
      /^\+ mount \S+ \/ ro,nosuid,nodev,noexec,relatime - tmpfs \S+ rw,size=4k,nr_inodes=1,mode=555$/,
      /^- masked \S+ directory 0 1777$/,
      /^\+ masked \S+ directory 0 555$/,
    ],
  },
  {
    id: 'masked files',
    lines: [
      /^- mount \S+ \/null rw,nosuid - tmpfs /,
      /^- mount \S+ \/null rw,nosuid,noexec - tmpfs /,
      /^- mount \S+ \/null rw,relatime - devtmpfs /,
      /^\+ mount \S+ \/null ro,nosuid,noexec,relatime - devtmpfs /,
    ],
  },
  {
    id: 'bound nodes',
    lines: [
      /^- mount \/dev\/(null|zero|full|random|urandom|tty) \/\1 rw,relatime - devtmpfs /,
      /^\+ mount \/dev\/(null|zero|full|random|urandom|tty) \/\1 ro,relatime - devtmpfs /,
    ],
  },
  {
    id: 'mode of a tmpfs',
    lines: [
      /^- mount \S+ \/ \S+ (shared )?- tmpfs \S+ rw(,size=\w+)?$/,
      /^\+ mount \S+ \/ \S+ (shared )?- tmpfs \S+ rw(,size=\w+)?,mode=755$/,
    ],
  },
  {
    id: 'control groups',
    lines: [
      /^- place \/sys\/fs\/cgroup directory 555 0:0$/,
      /^\+ place \/sys\/fs\/cgroup directory 755 0:0$/,
      /^- mount \/sys\/fs\/cgroup \/ rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755/,
      /^\+ mount \/sys\/fs\/cgroup \/ ro,nosuid,nodev,noexec,relatime - tmpfs cgroup rw,size=64k,mode=755/,
      /^[-+] mount \/sys\/fs\/cgroup\/\w+ \/\S* ro,nosuid,nodev,noexec,relatime - cgroup2? cgroup2? rw/,
    ],
  },
  {
    id: 'shared root',
    lines: [/^- mount \/ ROOTFS rw,relatime - /, /^\+ mount \/ ROOTFS rw,relatime shared - /],
  },
  {
    id: 'PID 1',
    lines: [/^- pid 1$/, /^\+ pid 2$/],
  },
];

/** Under which id a line of a difference is explained. */
export function explanationOf(line: string): string | undefined {
  return EXPLANATIONS.find(({ lines }) => lines.some((pattern) => pattern.test(line)))?.id;
}
