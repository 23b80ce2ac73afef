import type { FlagNames, Flags } from './flags.js';

/** Flags of mount(2). */
export type MountFlags = Flags<'MS'>;

export const MS_RDONLY = 0x1 as MountFlags;
export const MS_NOSUID = 0x2 as MountFlags;
export const MS_NODEV = 0x4 as MountFlags;
export const MS_NOEXEC = 0x8 as MountFlags;
export const MS_SYNCHRONOUS = 0x10 as MountFlags;
export const MS_REMOUNT = 0x20 as MountFlags;
export const MS_MANDLOCK = 0x40 as MountFlags;
export const MS_DIRSYNC = 0x80 as MountFlags;
export const MS_NOSYMFOLLOW = 0x100 as MountFlags;
export const MS_NOATIME = 0x400 as MountFlags;
export const MS_NODIRATIME = 0x800 as MountFlags;
export const MS_BIND = 0x1000 as MountFlags;
export const MS_MOVE = 0x2000 as MountFlags;
export const MS_SILENT = 0x8000 as MountFlags;
export const MS_POSIXACL = 0x10000 as MountFlags;
export const MS_UNBINDABLE = 0x20000 as MountFlags;
export const MS_PRIVATE = 0x40000 as MountFlags;
export const MS_SLAVE = 0x80000 as MountFlags;
export const MS_SHARED = 0x100000 as MountFlags;
export const MS_REC = 0x4000 as MountFlags;
export const MS_RELATIME = 0x200000 as MountFlags;
export const MS_I_VERSION = 0x800000 as MountFlags;
export const MS_STRICTATIME = 0x1000000 as MountFlags;
export const MS_LAZYTIME = 0x2000000 as MountFlags;

/** Names of MountFlags, in printing order. */
export const MS_NAMES: FlagNames = {
  MS_RDONLY,
  MS_NOSUID,
  MS_NODEV,
  MS_NOEXEC,
  MS_SYNCHRONOUS,
  MS_REMOUNT,
  MS_MANDLOCK,
  MS_DIRSYNC,
  MS_NOSYMFOLLOW,
  MS_NOATIME,
  MS_NODIRATIME,
  MS_BIND,
  MS_MOVE,
  MS_SILENT,
  MS_POSIXACL,
  MS_UNBINDABLE,
  MS_PRIVATE,
  MS_SLAVE,
  MS_SHARED,
  MS_REC,
  MS_RELATIME,
  MS_I_VERSION,
  MS_STRICTATIME,
  MS_LAZYTIME,
};

/** Flags of umount2(2). */
export type UmountFlags = Flags<'MNT'>;

export const MNT_FORCE = 0x1 as UmountFlags;
export const MNT_DETACH = 0x2 as UmountFlags;
export const MNT_EXPIRE = 0x4 as UmountFlags;
export const UMOUNT_NOFOLLOW = 0x8 as UmountFlags;

/** Names of UmountFlags, in printing order. */
export const MNT_NAMES: FlagNames = {
  MNT_FORCE,
  MNT_DETACH,
  MNT_EXPIRE,
  UMOUNT_NOFOLLOW,
};

/** Per-mount attributes of fsmount(2) and mount_setattr(2). */
export type MountAttrFlags = Flags<'MOUNT_ATTR'>;

export const MOUNT_ATTR_RDONLY = 0x1 as MountAttrFlags;
export const MOUNT_ATTR_NOSUID = 0x2 as MountAttrFlags;
export const MOUNT_ATTR_NODEV = 0x4 as MountAttrFlags;
export const MOUNT_ATTR_NOEXEC = 0x8 as MountAttrFlags;
/** Not a bit but the mask of the atime modes: clear it before one of them is set. */
export const MOUNT_ATTR__ATIME = 0x70 as MountAttrFlags;
/** The default atime mode; its value is 0. */
export const MOUNT_ATTR_RELATIME = 0x0 as MountAttrFlags;
export const MOUNT_ATTR_NOATIME = 0x10 as MountAttrFlags;
export const MOUNT_ATTR_STRICTATIME = 0x20 as MountAttrFlags;
export const MOUNT_ATTR_NODIRATIME = 0x80 as MountAttrFlags;
export const MOUNT_ATTR_IDMAP = 0x100000 as MountAttrFlags;
export const MOUNT_ATTR_NOSYMFOLLOW = 0x200000 as MountAttrFlags;

/** Names of MountAttrFlags, in printing order. */
export const MOUNT_ATTR_NAMES: FlagNames = {
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_STRICTATIME,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_IDMAP,
  MOUNT_ATTR_NOSYMFOLLOW,
};

/** Flags of open_tree(2); it takes `AT_` bits too. */
export type OpenTreeFlags = Flags<'OPEN_TREE'>;

export const OPEN_TREE_CLONE = 0x1 as OpenTreeFlags;
export const OPEN_TREE_CLOEXEC = 0x80000 as OpenTreeFlags;
/** AT_SYMLINK_NOFOLLOW as open_tree(2) takes it. */
export const OPEN_TREE_AT_SYMLINK_NOFOLLOW = 0x100 as OpenTreeFlags;
/** AT_NO_AUTOMOUNT as open_tree(2) takes it. */
export const OPEN_TREE_AT_NO_AUTOMOUNT = 0x800 as OpenTreeFlags;
/** AT_EMPTY_PATH as open_tree(2) takes it. */
export const OPEN_TREE_AT_EMPTY_PATH = 0x1000 as OpenTreeFlags;
/** AT_RECURSIVE as open_tree(2) takes it. */
export const OPEN_TREE_AT_RECURSIVE = 0x8000 as OpenTreeFlags;

/** Names of OpenTreeFlags, in printing order. */
export const OPEN_TREE_NAMES: FlagNames = {
  OPEN_TREE_CLONE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_AT_SYMLINK_NOFOLLOW,
  OPEN_TREE_AT_NO_AUTOMOUNT,
  OPEN_TREE_AT_EMPTY_PATH,
  OPEN_TREE_AT_RECURSIVE,
};

/** Flags of move_mount(2). */
export type MoveMountFlags = Flags<'MOVE_MOUNT'>;

export const MOVE_MOUNT_F_SYMLINKS = 0x1 as MoveMountFlags;
export const MOVE_MOUNT_F_AUTOMOUNTS = 0x2 as MoveMountFlags;
export const MOVE_MOUNT_F_EMPTY_PATH = 0x4 as MoveMountFlags;
export const MOVE_MOUNT_T_SYMLINKS = 0x10 as MoveMountFlags;
export const MOVE_MOUNT_T_AUTOMOUNTS = 0x20 as MoveMountFlags;
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40 as MoveMountFlags;
export const MOVE_MOUNT_SET_GROUP = 0x100 as MoveMountFlags;
export const MOVE_MOUNT_BENEATH = 0x200 as MoveMountFlags;

/** Names of MoveMountFlags, in printing order. */
export const MOVE_MOUNT_NAMES: FlagNames = {
  MOVE_MOUNT_F_SYMLINKS,
  MOVE_MOUNT_F_AUTOMOUNTS,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MOVE_MOUNT_T_AUTOMOUNTS,
  MOVE_MOUNT_T_EMPTY_PATH,
  MOVE_MOUNT_SET_GROUP,
  MOVE_MOUNT_BENEATH,
};

/** Flags of fsopen(2). */
export type FsopenFlags = Flags<'FSOPEN'>;

export const FSOPEN_CLOEXEC = 0x1 as FsopenFlags;

/** Names of FsopenFlags, in printing order. */
export const FSOPEN_NAMES: FlagNames = {
  FSOPEN_CLOEXEC,
};

/** Flags of fsmount(2). */
export type FsmountFlags = Flags<'FSMOUNT'>;

export const FSMOUNT_CLOEXEC = 0x1 as FsmountFlags;

/** Names of FsmountFlags, in printing order. */
export const FSMOUNT_NAMES: FlagNames = {
  FSMOUNT_CLOEXEC,
};

/** Flags of fspick(2). */
export type FspickFlags = Flags<'FSPICK'>;

export const FSPICK_CLOEXEC = 0x1 as FspickFlags;
export const FSPICK_SYMLINK_NOFOLLOW = 0x2 as FspickFlags;
export const FSPICK_NO_AUTOMOUNT = 0x4 as FspickFlags;
export const FSPICK_EMPTY_PATH = 0x8 as FspickFlags;

/** Names of FspickFlags, in printing order. */
export const FSPICK_NAMES: FlagNames = {
  FSPICK_CLOEXEC,
  FSPICK_SYMLINK_NOFOLLOW,
  FSPICK_NO_AUTOMOUNT,
  FSPICK_EMPTY_PATH,
};

/** Commands of fsconfig(2): numbers, not bits. */
export type FsconfigCommand = Flags<'FSCONFIG'>;

export const FSCONFIG_SET_FLAG = 0 as FsconfigCommand;
export const FSCONFIG_SET_STRING = 1 as FsconfigCommand;
export const FSCONFIG_SET_BINARY = 2 as FsconfigCommand;
export const FSCONFIG_SET_PATH = 3 as FsconfigCommand;
export const FSCONFIG_SET_PATH_EMPTY = 4 as FsconfigCommand;
export const FSCONFIG_SET_FD = 5 as FsconfigCommand;
export const FSCONFIG_CMD_CREATE = 6 as FsconfigCommand;
export const FSCONFIG_CMD_RECONFIGURE = 7 as FsconfigCommand;
export const FSCONFIG_CMD_CREATE_EXCL = 8 as FsconfigCommand;

/** Names of FsconfigCommand, in printing order. */
export const FSCONFIG_NAMES: FlagNames = {
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSCONFIG_SET_BINARY,
  FSCONFIG_SET_PATH,
  FSCONFIG_SET_PATH_EMPTY,
  FSCONFIG_SET_FD,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_CMD_RECONFIGURE,
  FSCONFIG_CMD_CREATE_EXCL,
};
