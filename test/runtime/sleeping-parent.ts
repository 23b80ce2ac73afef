import { launch } from '../../src/runtime/launch.js';
import { createPool } from '../../src/runtime/pool.js';
import { children } from './children.js';

// Launches a container that sleeps, prints its processes, and waits to be killed.

const [mode, rootfs] = process.argv.slice(2);
const job = { command: 'sleep', args: ['1000'], stdio: 'ignore' } as const;
if (mode === 'pooled') {
  const pool = await createPool({ size: 2, rootfs });
  await pool.launch(job);
} else {
  const namespaces = mode === 'shared-pid' ? ({ pid: 'shared' } as const) : {};
  await launch({ ...job, rootfs, namespaces, dieWithParent: mode !== 'independent' });
}
// The command first.
console.log(children().reverse().join(' '));
