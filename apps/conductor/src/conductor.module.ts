import { AddonCatalogue } from '#libs/addons';
import {
  ClusterAddonsRepository,
  ClusterRemovalRepository,
  ClusterWorkRepository,
  ConductorsRepository,
  EventsRepository,
  HealthRepository,
  IdempotencyKeysRepository,
  LeasesRepository,
  LedgerRepository,
  NodesRepository,
  OperationsRepository,
  OperationStepsRepository,
  SecretStore,
  Signals,
  StacksRepository,
  UnitOfWork,
} from '#libs/db';
import { OPERATION_KINDS, type OperationKind } from '#libs/domain';
import { OperationQueue } from '#libs/jobs';
import { Cloud } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import { Stacks } from '#libs/stack';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CloudConfig } from './addons/cloud-config.js';
import { ClusterAddons } from './addons/cluster-addons.js';
import { DeletingSession } from './cloud/deleting-session.js';
import { ClusterIdentity } from './cloud/cluster-identity.js';
import { RotatedTrustees } from './cloud/rotated-trustees.js';
import { Trustees } from './cloud/trustees.js';
import { HealthMetrics } from './health/health-metrics.js';
import { HealthProbe } from './health/health-probe.js';
import { HealthRound } from './health/health-round.js';
import { HealthWatch } from './health/health-watch.js';
import { AutoHeal } from './ledger/auto-heal.js';
import { CleanOrphans } from './ledger/clean-orphans.js';
import { LedgerMetrics } from './ledger/ledger-metrics.js';
import { LedgerScan } from './ledger/ledger-scan.js';
import { LedgerWatch } from './ledger/ledger-watch.js';
import { ClusterKube } from './kubernetes/cluster-kube.js';
import { LeaseKeeper } from './leases/lease-keeper.js';
import { OperationProcessor } from './operation.processor.js';
import { CreateClusterOperation } from './operations/create-cluster.operation.js';
import { DeleteClusterOperation } from './operations/delete-cluster.operation.js';
import { AddonsOperation } from './operations/addons.operation.js';
import { RotateCaOperation } from './operations/rotate-ca.operation.js';
import { RotateCredentialOperation } from './operations/rotate-credential.operation.js';
import type { OperationHandler } from './operations/operation.js';
import { GroupEnd } from './operations/group-end.js';
import { ResizeOperation, RollbackOperation, UpdateClusterOperation } from './operations/node-count.operation.js';
import { CreateNodeGroupOperation } from './operations/node-group-create.operation.js';
import { DeleteNodeGroupOperation } from './operations/node-group-delete.operation.js';
import { UpdateNodeGroupOperation } from './operations/node-group-update.operation.js';
import { DrainNodes } from './operations/nodes/drain-nodes.js';
import { LabelNodes } from './operations/nodes/label-nodes.js';
import { NodeChange } from './operations/nodes/node-change.js';
import { ReplaceNodes } from './operations/nodes/replace-nodes.js';
import { TakeBack } from './operations/nodes/take-back.js';
import { NodeGroupSteps } from './operations/nodes/node-group-steps.js';
import { NodeStacks } from './operations/nodes/node-stacks.js';
import { ReadyNodes } from './operations/nodes/ready-nodes.js';
import { AskKubernetesStep } from './operations/deletion/ask-kubernetes.step.js';
import { ForcedStacks } from './operations/deletion/forced-stacks.js';
import { KubernetesRemoval } from './operations/deletion/kubernetes-removal.js';
import { RemoveKubernetesMadeStep } from './operations/deletion/remove-kubernetes-made.step.js';
import { LeaveTrustStep } from './operations/deletion/leave-trust.step.js';
import { ReportKeeper } from './operations/deletion/report-keeper.js';
import { AccessStep } from './operations/steps/access.step.js';
import { AddonsStep } from './operations/steps/addons.step.js';
import { CertificatesStep } from './operations/steps/certificates.step.js';
import { DeleteStacksStep } from './operations/steps/delete-stacks.step.js';
import { DeleteTrustStep } from './operations/steps/delete-trust.step.js';
import { InfrastructureStep } from './operations/steps/infrastructure.step.js';
import { KubernetesStep } from './operations/steps/kubernetes.step.js';
import { NodeGroupsStep } from './operations/steps/node-groups.step.js';
import { StaleNodes } from './operations/steps/stale-nodes.js';
import { NodesStep } from './operations/steps/nodes.step.js';
import { ResolveStep } from './operations/steps/resolve.step.js';
import { TrustStep } from './operations/steps/trust.step.js';
import { UpgradeOperation } from './operations/upgrade.operation.js';
import { ControlPlane } from './operations/upgrade/control-plane.js';
import { ResolveUpgrade } from './operations/upgrade/resolve-upgrade.js';
import { RepairOperation } from './operations/repair.operation.js';
import { MendStacks } from './operations/repair/mend-stacks.js';
import { ResolveRepair } from './operations/repair/resolve-repair.js';
import type { ConductorParts } from './parts.js';
import { stackBackends } from './stack-backends.js';
import { HANDLERS, LOGGER, SETTINGS } from './tokens.js';

/** Every way an operation can be done. A new kind of operation is a line here and in the table of kinds. */
const HANDLER_CLASSES = [
  CreateClusterOperation,
  DeleteClusterOperation,
  ResizeOperation,
  UpdateClusterOperation,
  RollbackOperation,
  CreateNodeGroupOperation,
  UpdateNodeGroupOperation,
  DeleteNodeGroupOperation,
  RotateCredentialOperation,
  RotateCaOperation,
  UpgradeOperation,
  RepairOperation,
  AddonsOperation,
];
/** What steps of several operations do to nodes. */
const NODE_WORK = [
  NodeStacks,
  ReadyNodes,
  DrainNodes,
  LabelNodes,
  NodeChange,
  TakeBack,
  NodeGroupSteps,
  GroupEnd,
  ControlPlane,
  ReplaceNodes,
  ResolveUpgrade,
  ResolveRepair,
  MendStacks,
];
const STEP_CLASSES = [
  TrustStep,
  AccessStep,
  CertificatesStep,
  ResolveStep,
  InfrastructureStep,
  NodesStep,
  NodeGroupsStep,
  AddonsStep,
  KubernetesStep,
  AskKubernetesStep,
  LeaveTrustStep,
  RemoveKubernetesMadeStep,
  StaleNodes,
  DeleteStacksStep,
  DeleteTrustStep,
];
/** What steps of a deletion share. */
const DELETION = [DeletingSession, KubernetesRemoval, ReportKeeper, ForcedStacks];

@Module({})
export class ConductorModule {
  static from(parts: ConductorParts, kinds: readonly OperationKind[] = OPERATION_KINDS): DynamicModule {
    return { module: ConductorModule, providers: providers(parts, kinds) };
  }
}

function providers(parts: ConductorParts, kinds: readonly OperationKind[]): Provider[] {
  const { settings, source, uow, log } = parts;
  const stacks = new StacksRepository(source, uow);
  return [
    { provide: SETTINGS, useValue: settings },
    { provide: LOGGER, useValue: log },
    { provide: UnitOfWork, useValue: uow },
    { provide: Signals, useValue: parts.signals },
    { provide: SecretStore, useValue: parts.secrets },
    { provide: KeyRing, useValue: parts.keyRing },
    { provide: Cloud, useValue: parts.cloud },
    { provide: StacksRepository, useValue: stacks },
    { provide: Stacks, useValue: stackBackends(parts, stacks) },
    { provide: AddonCatalogue, useValue: parts.addons },
    { provide: ClusterAddonsRepository, useValue: new ClusterAddonsRepository(source) },
    { provide: ClusterRemovalRepository, useValue: new ClusterRemovalRepository(source) },
    { provide: ClusterWorkRepository, useValue: new ClusterWorkRepository(source) },
    { provide: ConductorsRepository, useValue: new ConductorsRepository(source) },
    { provide: EventsRepository, useValue: new EventsRepository(source) },
    { provide: IdempotencyKeysRepository, useValue: new IdempotencyKeysRepository(source) },
    { provide: LeasesRepository, useValue: new LeasesRepository(source) },
    { provide: LedgerRepository, useValue: new LedgerRepository(source) },
    { provide: OperationQueue, useValue: parts.queue },
    { provide: LedgerMetrics, useValue: new LedgerMetrics() },
    LedgerScan,
    CleanOrphans,
    AutoHeal,
    LedgerWatch,
    { provide: HealthRepository, useValue: new HealthRepository(source) },
    { provide: HealthMetrics, useValue: new HealthMetrics() },
    HealthProbe,
    HealthRound,
    HealthWatch,
    { provide: NodesRepository, useValue: new NodesRepository(source) },
    { provide: OperationsRepository, useValue: new OperationsRepository(source) },
    ClusterIdentity,
    Trustees,
    RotatedTrustees,
    ClusterKube,
    CloudConfig,
    ClusterAddons,
    ...NODE_WORK,
    ...DELETION,
    ...STEP_CLASSES,
    ...HANDLER_CLASSES,
    { provide: HANDLERS, useFactory: (...handlers: OperationHandler[]) => handlers, inject: HANDLER_CLASSES },
    {
      provide: LeaseKeeper,
      useFactory: (leases: LeasesRepository) =>
        new LeaseKeeper(leases, settings.CONDUCTOR_NAME, settings.LEASE_SECONDS * 1000, log),
      inject: [LeasesRepository],
    },
    {
      provide: OperationProcessor,
      useFactory: (
        operations: OperationsRepository,
        clusters: ClusterWorkRepository,
        events: EventsRepository,
        keeper: LeaseKeeper,
        handlers: readonly OperationHandler[],
      ) =>
        new OperationProcessor(
          {
            uow,
            operations,
            steps: new OperationStepsRepository(uow),
            clusters,
            events,
            secrets: parts.secrets,
            signals: parts.signals,
            keeper,
            handlers,
            log,
            defaultTimeoutMinutes: settings.DEFAULT_CREATE_TIMEOUT_MINUTES,
          },
          kinds,
        ),
      inject: [OperationsRepository, ClusterWorkRepository, EventsRepository, LeaseKeeper, HANDLERS],
    },
  ];
}
