import { writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { LaunchOptions } from '../../src/runtime/launch-options.js';
import { launch } from '../../src/runtime/launch.js';

// Run as an ordinary user by user-mapping.test.ts. GRANTED is what /etc/subuid and /etc/subgid are
// in this mount namespace. Prints what came of each launch.

const [rootfs = '', granted = ''] = process.argv.slice(2);

async function outcome(script: string, options: Partial<LaunchOptions>): Promise<unknown> {
  try {
    const container = await launch({ rootfs, command: 'sh', args: ['-c', script], ...options });
    const [out, errors] = await Promise.all(
      [container.stdout, container.stderr].map((stream) => text(stream as Readable)),
    );
    await container.ended;
    return { out: out?.trimEnd().split('\n'), errors };
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string };
    return { name, code, message };
  }
}

const outcomes: Record<string, unknown> = {};
const userMapping = 'ranges';
writeFileSync(granted, '65534:300000:1000\nnobody:400000:500\nsomebody:500000:9\n');
outcomes.ranges = await outcome(
  'while read map; do echo $map; done < /proc/self/uid_map; touch /dev/f; chown 7:1200 /dev/f; stat -c %u:%g /dev/f',
  { userMapping },
);
outcomes.user = await outcome('id -u; id -g; id -G', {
  userMapping,
  uid: 1000,
  gid: 1001,
  groups: [5, 6],
});
outcomes.gid5 = await outcome('awk \'$5 == "/dev/pts" { print $NF }\' /proc/self/mountinfo', {
  userMapping,
});
const range = [{ inside: 0, outside: 600_000, count: 1 }];
outcomes.foreign = await outcome('true', { userMapping: { uids: range, gids: range } });
writeFileSync(granted, 'somebody:500000:9\n');
outcomes.noGrant = await outcome('true', { userMapping });
console.log(JSON.stringify(outcomes));
