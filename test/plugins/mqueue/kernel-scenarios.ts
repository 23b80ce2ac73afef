import { readdirSync } from 'node:fs';
import { MqueueStep } from 'nsinit/plugins/mqueue';
import { CLONE_NEWIPC } from 'nsinit';
import { failAfter, pipelineOf } from '../kit.js';
import { messageOf, REAL_ROOT, realMounts, runReal, type Scenario } from '../scenario.js';

export const scenarios: Readonly<Record<string, Scenario>> = {
  'queues of its own namespace': {
    run(sys) {
      sys.unshare(CLONE_NEWIPC);
      runReal(sys, pipelineOf(MqueueStep));
      return { lines: realMounts(), queues: readdirSync(`${REAL_ROOT}/dev/mqueue`) };
    },
  },
  'nothing is left of it': {
    run(sys) {
      sys.unshare(CLONE_NEWIPC);
      messageOf(() => runReal(sys, failAfter(pipelineOf(MqueueStep, { target: '/a/b' }))));
      return { lines: realMounts(), files: readdirSync(REAL_ROOT) };
    },
  },
};
