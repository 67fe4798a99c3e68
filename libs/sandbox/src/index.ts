export { startSandbox } from './start.js';
export type { CloudsEntry, Sandbox, SandboxOptions } from './options.js';
export type { AccountName, CatalogEntry } from './identity/seed.js';
export { defaultLatencies, zeroLatencies } from './latencies.js';
export type { Latencies } from './latencies.js';
export type { Duplicate, Duplicates } from './faults/duplicates.js';
export type { FaultKind, FaultRule, InjectedFault } from './faults/faults.js';
export type { CallCount, LoggedCall } from './faults/call-log.js';
export type { Timing } from './timings.js';
export {
  defaultGuestLatencies,
  GuestRuntime,
  noGuestLatencies,
  OpenStackView,
  scaleGuestLatencies,
} from './guests/guest-runtime.js';
export type {
  CloudLogin,
  GuestFault,
  GuestInfo,
  GuestLatencies,
  GuestRuntimeOptions,
  OpenStackViewOptions,
} from './guests/guest-runtime.js';
export type { CloudView, ListenerView, PortView, ServerView } from './guests/cloud-view.js';
export type { QemuImage, QemuOptions } from './hypervisor/qemu-options.js';
export { checkMachines } from './hypervisor/tools.js';
