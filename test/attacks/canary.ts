import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD } from '../../src/syscalls/descriptor.js';
import { S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/syscalls/file-flags.js';
import { hostPath } from '../../src/syscalls/paths.js';
import type { Syscalls } from '../../src/syscalls/syscalls.js';

/** Names that a step makes or removes somewhere: a link to `full` turns each into a host file. */
const TEMPTING =
  'core fd stdin ptmx console null tty pts shm in here self kcore mqueue loop0 dev proc sys'.split(
    ' ',
  );

/** A piece of a host, in which everything that an attack may reach is to stay as it was. */
export function makeCanary(sys: Syscalls, path: string): void {
  for (const name of ['', 'full', 'empty', 'dev']) mkdirSync(join(path, name));
  for (const name of TEMPTING) writeFileSync(join(path, 'full', name), `host ${name}\n`);
  writeFileSync(join(path, 'file'), 'a file of the host\n', { mode: 0o640 });
  writeFileSync(join(path, 'program'), '#!/bin/sh\n');
  chmodSync(join(path, 'program'), 0o4755);
  symlinkSync('file', join(path, 'link'));
  const node = (name: string, mode: number, dev: { major: number; minor: number }): void =>
    sys.mknodat(AT_FDCWD, hostPath(join(path, 'dev', name)), mode, dev);
  const none = { major: 0, minor: 0 };
  node('null', S_IFCHR | 0o666, { major: 1, minor: 3 });
  node('fifo', S_IFIFO | 0o600, none);
  node('socket', S_IFSOCK | 0o600, none);
}

/** Every entry of a tree: name, type, mode, owner, size, number, times, content. */
export function snapshot(path: string): readonly string[] {
  const lines: string[] = [];
  const visit = (entry: string, shown: string): void => {
    const stat = lstatSync(entry, { bigint: true });
    const { mode, uid, gid, nlink, rdev, size, mtimeNs, ctimeNs } = stat;
    const facts = [mode.toString(8), uid, gid, nlink, rdev, size, mtimeNs, ctimeNs].join(' ');
    lines.push(`${shown} ${facts}${contentOf(entry, stat)}`);
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(entry).sort()) visit(join(entry, name), `${shown}/${name}`);
  };
  visit(path, '');
  return lines;
}

function contentOf(path: string, stat: { isFile(): boolean; isSymbolicLink(): boolean }): string {
  if (stat.isSymbolicLink()) return ` -> ${readlinkSync(path)}`;
  if (!stat.isFile()) return '';
  return ` ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

/** Other processes have terminals, queues and memory there all the time. */
const LIVELY = new Set(['pts', 'shm', 'mqueue', 'hugepages', 'fd', 'char', 'block']);

/** What the host has in /dev: names, types, modes, owners, numbers. */
export function snapshotDev(): readonly string[] {
  return readdirSync('/dev')
    .filter((name) => !LIVELY.has(name))
    .sort()
    .map((name) => {
      const { mode, uid, gid, rdev } = lstatSync(`/dev/${name}`);
      return `/dev/${name} ${mode.toString(8)} ${uid} ${gid} ${rdev}`;
    });
}

/** Lines that are in one of two lists only. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
}
