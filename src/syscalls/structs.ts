import type { StatxAttributes } from './file-flags.js';
import { formatFlags } from './flags.js';
import { MOUNT_ATTR_NAMES, MS_NAMES } from './mount-flags.js';
import {
  O_NAMES,
  RESOLVE_NAMES,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
} from './file-flags.js';
import { checkInteger, formatOctal, type Param } from './params.js';
import type { DirEntry, MountAttr, OpenHow, Statfs, Statx, Timespec } from './syscalls.js';

const LITTLE_ENDIAN = true;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** `struct open_how` of linux/openat2.h, and its size. */
export function openHow(name: string): Param<OpenHow> {
  // The same memory for every call: the kernel has read it when the call returns.
  const bytes = new Uint8Array(24);
  const view = viewOf(bytes);
  return {
    name,
    kinds: ['in', 'int'],
    encode(how, raw) {
      view.setUint32(0, checkInteger(`${name}.flags`, how.flags, 0, 0xffffffff), LITTLE_ENDIAN);
      view.setUint32(8, checkInteger(`${name}.mode`, how.mode ?? 0, 0, 0o7777), LITTLE_ENDIAN);
      view.setUint32(
        16,
        checkInteger(`${name}.resolve`, how.resolve ?? 0, 0, 0xffffffff),
        LITTLE_ENDIAN,
      );
      raw.push(bytes, bytes.length);
    },
    format(how) {
      const fields = [`flags=${formatFlags(how.flags, O_NAMES)}`];
      if (how.mode !== undefined) fields.push(`mode=${formatOctal(how.mode)}`);
      if (how.resolve) fields.push(`resolve=${formatFlags(how.resolve, RESOLVE_NAMES)}`);
      return `{${fields.join(', ')}}`;
    },
  };
}

/** `struct mount_attr` of linux/mount.h, and its size. */
export function mountAttr(name: string): Param<MountAttr> {
  return {
    name,
    kinds: ['in', 'int'],
    encode(attr, raw) {
      const bytes = new Uint8Array(32);
      const view = viewOf(bytes);
      const put = (offset: number, field: string, value: number): void =>
        view.setUint32(
          offset,
          checkInteger(`${name}.${field}`, value, 0, 0xffffffff),
          LITTLE_ENDIAN,
        );
      put(0, 'attr_set', attr.attr_set ?? 0);
      put(8, 'attr_clr', attr.attr_clr ?? 0);
      put(16, 'propagation', attr.propagation ?? 0);
      put(24, 'userns_fd', attr.userns_fd ?? 0);
      raw.push(bytes, bytes.length);
    },
    descriptorOf: (attr) => attr.userns_fd,
    format(attr, names) {
      const fields: string[] = [];
      if (attr.attr_set) fields.push(`attr_set=${formatFlags(attr.attr_set, MOUNT_ATTR_NAMES)}`);
      if (attr.attr_clr) fields.push(`attr_clr=${formatFlags(attr.attr_clr, MOUNT_ATTR_NAMES)}`);
      if (attr.propagation) fields.push(`propagation=${formatFlags(attr.propagation, MS_NAMES)}`);
      if (attr.userns_fd !== undefined) fields.push(`userns_fd=<${names.get(attr.userns_fd)}>`);
      return `{${fields.join(', ')}}`;
    },
  };
}

/** Two `struct timespec`: of the last access and the last change of content. */
export function timespecPair(name: string): Param<readonly [Timespec, Timespec]> {
  return {
    name,
    kinds: ['in'],
    encode(times, raw) {
      const bytes = new Uint8Array(32);
      const view = viewOf(bytes);
      times.forEach((time, index) => {
        view.setBigInt64(index * 16, time.sec, LITTLE_ENDIAN);
        view.setUint32(
          index * 16 + 8,
          checkInteger(`${name}.nsec`, time.nsec, 0, 0x3fffffff),
          LITTLE_ENDIAN,
        );
      });
      raw.push(bytes);
    },
    format: (times) =>
      `[${times.map((time) => `${time.sec}.${String(time.nsec).padStart(9, '0')}`).join(', ')}]`,
  };
}

/** Size of `struct statx` (linux/stat.h); its layout is the same on all architectures. */
export const STATX_SIZE = 256;

/** Takes a `struct statx` apart. */
export function decodeStatx(bytes: Uint8Array): Statx {
  const view = viewOf(bytes);
  const u32 = (offset: number): number => view.getUint32(offset, LITTLE_ENDIAN);
  const u64 = (offset: number): bigint => view.getBigUint64(offset, LITTLE_ENDIAN);
  const time = (offset: number): Timespec => ({
    sec: view.getBigInt64(offset, LITTLE_ENDIAN),
    nsec: u32(offset + 8),
  });
  return {
    attributes: u32(8) as StatxAttributes,
    nlink: u32(16),
    uid: u32(20),
    gid: u32(24),
    mode: view.getUint16(28, LITTLE_ENDIAN),
    ino: u64(32),
    size: u64(40),
    atime: time(64),
    ctime: time(96),
    mtime: time(112),
    rdev: { major: u32(128), minor: u32(132) },
    dev: { major: u32(136), minor: u32(140) },
    mntId: u64(144),
  };
}

/** Size of `struct statfs` on 64-bit architectures. */
export const STATFS_SIZE = 120;

/** Takes a `struct statfs` apart. */
export function decodeStatfs(bytes: Uint8Array): Statfs {
  const view = viewOf(bytes);
  const u64 = (offset: number): bigint => view.getBigUint64(offset, LITTLE_ENDIAN);
  return {
    // Magics have 32 bits; the field is a sign-extended long on some file systems.
    type: view.getUint32(0, LITTLE_ENDIAN),
    bsize: Number(u64(8)),
    blocks: u64(16),
    bfree: u64(24),
    files: u64(40),
    flags: Number(u64(80)),
  };
}

// `d_type` of dirent.h is the file type shifted right by 12.
const TYPE_BITS = new Set([S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG, S_IFLNK, S_IFSOCK]);

/** Takes the records of getdents64(2) apart. */
export function decodeDirEntries(bytes: Uint8Array): DirEntry[] {
  const view = viewOf(bytes);
  const entries: DirEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint16(at + 16, LITTLE_ENDIAN);
    const type = (view.getUint8(at + 18) << 12) >>> 0;
    const name = bytes.subarray(at + 19, bytes.indexOf(0, at + 19));
    entries.push({
      ino: view.getBigUint64(at, LITTLE_ENDIAN),
      type: TYPE_BITS.has(type) ? type : 0,
      name: Buffer.from(name).toString(),
    });
    at += length;
  }
  return entries;
}
