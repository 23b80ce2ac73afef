/** What is known of a capability before it is tried. */
export interface Advice {
  /** What it is for. */
  readonly purpose: string;
  /** What happens where it does not work. */
  readonly without: string;
  /** How to get it. */
  readonly change: string;
}

const PROFILE =
  'a newer kernel or container engine; a seccomp profile that allows the call (--security-opt seccomp=unconfined)';
const USER_NAMESPACES =
  'sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile with userns; a seccomp profile that allows unshare';
const PRIVILEGES = 'run as root with CAP_SYS_ADMIN, or allow user namespaces';

const namespace = (purpose: string, without: string): Advice => ({
  purpose,
  without,
  change: `${PRIVILEGES}; raise the limits under /proc/sys/user`,
});

/** All capabilities, in the order in which they are told. */
export const ADVICE = {
  run: {
    purpose: 'nsinit run, with a copy of this machine as the root',
    without: 'no container can be started',
    change: 'what does not work below',
  },
  koffi: {
    purpose: 'system calls from Node',
    without: 'nothing works',
    change: 'npm ci without --omit=optional, on glibc or musl, x64 or arm64',
  },
  'user-namespace': {
    purpose: 'containers without privileges',
    without: 'only root can start containers',
    change: USER_NAMESPACES,
  },
  'id-ranges': {
    purpose: 'more than one user in a user namespace (newuidmap)',
    without: 'one id is mapped',
    change: 'the package uidmap, and lines in /etc/subuid and /etc/subgid',
  },
  'mount-namespace': namespace('mounts of its own', 'no container can be started'),
  'pid-namespace': namespace('processes of its own', '--share-pid'),
  'uts-namespace': namespace('a host name of its own', '--share-uts'),
  'ipc-namespace': namespace('System V IPC and message queues of its own', '--share-ipc'),
  'net-namespace': namespace('--unshare-net', "the host's network"),
  'cgroup-namespace': namespace('control groups of its own', "the host's control groups are seen"),
  openat2: {
    purpose: 'paths that cannot lead out of the root',
    without: 'nothing is mounted: there is no safe way',
    change: `Linux 5.6; ${PROFILE}`,
  },
  'new-mount-api': {
    purpose: 'mounts that are checked before they are attached (fsopen, open_tree, move_mount)',
    without: 'mount(2) by the path of a descriptor (old-mount-api)',
    change: `Linux 5.2; ${PROFILE}`,
  },
  mount_setattr: {
    purpose: 'recursive read-only in one call',
    without: 'mounts are remounted one by one (remount-bind)',
    change: `Linux 5.12; ${PROFILE}`,
  },
  'idmapped-mounts': {
    purpose: 'binds with other owners',
    without: 'mounts with id maps are refused',
    change: 'Linux 5.12 and root: a user may not map the ids of a file system of the machine',
  },
  overlay: {
    purpose: 'throwaway copies and layers',
    without: 'a throwaway copy is read-only, or refused',
    change: 'modprobe overlay; in a user namespace Linux 5.11',
  },
  proc: {
    purpose: 'a /proc of its own',
    without: "the host's is bound read-only (bind-host-proc)",
    change:
      'a PID namespace; a host /proc of which nothing is covered (--security-opt systempaths=unconfined)',
  },
  'proc-pidns': {
    purpose: 'a faster set-up: proc for a PID namespace that the thread is not in',
    without: "the calls are made in the container's process, one by one",
    change: 'Linux 6.17',
  },
  sysfs: {
    purpose: 'a /sys of its own',
    without: "the host's is bound read-only (bind-host-sys)",
    change: 'root, or a network namespace of its own (--unshare-net)',
  },
  devpts: {
    purpose: 'terminals that belong to the group tty',
    without: 'they belong to the user (devpts-without-gid)',
    change: 'map gid 5: id ranges, or root',
  },
  mqueue: {
    purpose: '/dev/mqueue',
    without: 'it is left out (no-mqueue)',
    change: 'an IPC namespace, and a kernel with CONFIG_POSIX_MQUEUE',
  },
  mknod: {
    purpose: 'device nodes of its own',
    without: "the host's are bound (bind-host-node)",
    change: 'root with CAP_MKNOD, and a device control group that allows them',
  },
  pivot_root: {
    purpose: "leaving the host's tree for good",
    without: 'the root is moved (--no-pivot)',
    change: 'start outside of a chroot and not on the initramfs; a seccomp profile that allows it',
  },
  seccomp: {
    purpose: 'seccomp profiles',
    without: 'filters can only be given as instructions',
    change: 'the package libseccomp2 (libseccomp)',
  },
  'loop-devices': {
    purpose: 'images as roots',
    without: 'a root is a directory',
    change: 'modprobe loop, and the right to open /dev/loop-control',
  },
  'mount-max': {
    purpose: 'room for the mounts of a container',
    without: 'mounts fail with ENOSPC',
    change: 'raise fs.mount-max with sysctl(8)',
  },
  cgroup2: {
    purpose: 'control groups, to limit memory and processes',
    without: 'resource limits of processes alone',
    change: 'boot with systemd.unified_cgroup_hierarchy=1, or mount cgroup2 on /sys/fs/cgroup',
  },
} as const satisfies Readonly<Record<string, Advice>>;

/** Something that nsinit can use. */
export type CapabilityName = keyof typeof ADVICE;
