/** Super-block magics as fstatfs(2) reports them in `type` (statfs(2), linux/magic.h). */
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x62656572;
export const DEVPTS_SUPER_MAGIC = 0x1cd1;
export const TMPFS_MAGIC = 0x01021994;
export const RAMFS_MAGIC = 0x858458f6;
export const OVERLAYFS_SUPER_MAGIC = 0x794c7630;
export const CGROUP_SUPER_MAGIC = 0x27e0eb;
export const CGROUP2_SUPER_MAGIC = 0x63677270;
export const MQUEUE_MAGIC = 0x19800202;
export const NSFS_MAGIC = 0x6e736673;
