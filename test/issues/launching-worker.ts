import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

// Starts a worker thread that launches containers, and ends that thread in the way that is named.

const [how, rootfs] = isMainThread ? process.argv.slice(2) : (workerData as [string, string]);

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: [how, rootfs] });
  const exited = once(worker, 'exit');
  await once(worker, 'message');
  if (how === 'terminate') await worker.terminate();
  await exited;
  console.log('the program lives');
} else {
  // nsinit is loaded in this thread alone.
  const { createPool, launch } = await import('nsinit');
  if (how === 'wait') {
    const boxes = [0, 1, 2, 3].map(async (code) => {
      const box = await launch({ rootfs, command: 'sh', args: ['-c', `exit ${code}`] });
      return (await box.ended).code;
    });
    console.log((await Promise.all(boxes)).join(' '));
  } else if (how === 'pool') await createPool({ size: 1, rootfs });
  else await launch({ rootfs, command: 'sleep', args: ['1000'], stdio: 'ignore' });
  parentPort?.postMessage('launched');
  // Else the thread ends by itself.
  if (how === 'exit') process.exit();
}
