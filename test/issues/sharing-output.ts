import { launch } from 'nsinit';

// Looks at its standard output, and launches what writes a million bytes to it.

const [, , rootfs] = process.argv;
process.stdout.on('error', () => undefined);
const args = ['-c', '1000000', '/dev/zero'];
const stdio = ['ignore', 'inherit', 'inherit'] as const;
const box = await launch({ rootfs, command: 'head', args, stdio });
await box.ended;
