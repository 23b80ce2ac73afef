import 'reflect-metadata';

export type {
  Plan,
  PlannedCall,
  PlannedFailure,
  PlannedMount,
  PlannedStepCalls,
  RefusedCall,
} from './pipeline/plan.js';
export {
  planPipeline,
  refusedCalls,
  type PlannedCaller,
  type PlanPipelineOptions,
} from './runtime/plan-pipeline.js';
export type { IdMaps } from './runtime/user-mapping.js';
