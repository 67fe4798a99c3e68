import type { ServiceApi } from '../service-api.js';
import { HeatStacks } from './stacks.js';

/** Heat. */
export class OrchestrationService {
  readonly stacks: HeatStacks;

  constructor(api: ServiceApi) {
    this.stacks = new HeatStacks(api);
  }
}
