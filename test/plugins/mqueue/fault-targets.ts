import { MqueueStep } from 'nsinit/plugins/mqueue';
import type { FaultTarget } from 'nsinit/testing';
import { pipelineOf } from '../kit.js';

export const faultTargets: readonly FaultTarget[] = [
  { name: 'mqueue', focus: ['mqueue'], pipeline: () => pipelineOf(MqueueStep) },
];
