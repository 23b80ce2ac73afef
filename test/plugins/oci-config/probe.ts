import type { Config } from './samples.js';

/**
 * A script for busybox that tells what a container is like, a line each: what runc and nsinit have
 * to agree on. A word before the first space says what the line is about.
 */
export function probeScript(config: Config): string {
  const masked: readonly string[] = config.linux.maskedPaths ?? [];
  return [
    'sed "s/^/mount /" /proc/self/mountinfo',
    'echo "umask $(umask)"; echo "cwd $(pwd)"; echo "id $(id -u) $(id -g) $(id -G)"',
    'cd /dev; for f in $(find . -name pts -prune -o -print | sort); do',
    'if [ -L $f ]; then echo "link $f $(readlink $f)"; else stat -c "dev $f %F %t:%T %a %u:%g" $f; fi; done',
    ...config.mounts.map(
      ({ destination }: Config) => `stat -c "place %n %F %a %u:%g" ${destination}`,
    ),
    ...masked.map(tellMasked),
    'for n in null zero full random urandom tty; do echo x > /dev/$n && echo "open $n" || echo "refused $n"; done 2>/dev/null',
    'echo "name $(hostname) $(cat /proc/sys/kernel/domainname)"',
    'echo "limits $(ulimit -Sn) $(ulimit -Hn) $(ulimit -c) $(ulimit -u)"',
    'echo "oom $(cat /proc/self/oom_score_adj)"',
    'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status | sed "s/^/status /"',
    'tr "\\0" "\\n" < /proc/self/environ | sort | sed "s/^/env /"',
    'echo "pid $$"',
    'cat /proc/net/dev | tail -n +3 | sed "s/:.*//;s/^ */net /"',
    ...Object.keys(config.linux.sysctl ?? {}).map(
      (name) => `echo "sysctl ${name} $(cat /proc/sys/${name.replaceAll('.', '/')})"`,
    ),
    'true',
  ].join('\n');
}

/** A directory must be empty, a file must have nothing to read. */
function tellMasked(path: string): string {
  return (
    `if [ -d ${path} ]; then echo "masked ${path} directory $(ls -A ${path} | wc -l) $(stat -c %a ${path})"; ` +
    `elif [ -e ${path} ]; then echo "masked ${path} $(stat -c "%F %t:%T %a" ${path}) $(head -c 9 ${path} | wc -c)"; fi`
  );
}

/** The lines of a probe, without what is another number on each run. */
export function normalize(output: string, rootfs: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('mount ') ? normalizeMount(line, rootfs) : line));
}

/** Without mount ids, device numbers and the numbers of peer groups. */
function normalizeMount(line: string, rootfs: string): string {
  const [own = '', fileSystem = ''] = line.slice('mount '.length).split(' - ');
  const [, , , root = '', place = '', options = '', ...tags] = own.split(' ');
  const shownRoot = rootfs.endsWith(root) && root.length > 1 ? 'ROOTFS' : root;
  const shownTags = tags.map((tag) => tag.replace(/:\d+/, ''));
  return ['mount', place, shownRoot, options, ...shownTags, '-', fileSystem].join(' ');
}
