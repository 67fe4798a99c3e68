import { AddonCatalogue } from '#libs/addons';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import {
  ClusterCreationRepository,
  ClusterAddonsRepository,
  ClusterHistoryRepository,
  ClusterRemovalRepository,
  ClustersRepository,
  ClusterTemplatesRepository,
  ConductorsRepository,
  Database,
  EventFeedRepository,
  EventsRepository,
  IdempotencyKeysRepository,
  NodeBootstrapRepository,
  NodeGroupsRepository,
  NodesRepository,
  OperationsRepository,
  QuotasRepository,
  ResourceStateRepository,
  SecretStore,
  Signals,
  StackSignalsRepository,
  StackTreeRepository,
  StackViewsRepository,
  UnitOfWork,
} from '#libs/db';
import { OperationQueue } from '#libs/jobs';
import { Cloud } from '#libs/openstack';
import { KeyRing } from '#libs/pki';
import { CloudCatalogue } from './cloud/cloud-catalogue.js';
import { BootstrapServer } from './bootstrap/bootstrap-server.js';
import { FetchBundle } from './bootstrap/fetch-bundle.js';
import { Gate } from './bootstrap/gate.js';
import { TakeTurn } from './bootstrap/take-turn.js';
import { ReportPhase } from './bootstrap/report-phase.js';
import { TakeSignal } from './bootstrap/take-signal.js';
import { FindStacks } from './heat/find-stacks.js';
import { HeatAccess } from './heat/heat-access.js';
import { HeatChangesController } from './heat/heat-changes.controller.js';
import { HeatResourcesController } from './heat/heat-resources.controller.js';
import { HeatStacksController } from './heat/heat-stacks.controller.js';
import { HeatVersionsController } from './heat/versions.controller.js';
import { MarkNode } from './heat/mark-node.js';
import { ShowStack } from './heat/show-stack.js';
import { ChangeHooks } from './http/change-hooks.js';
import { Idempotency } from './http/idempotency.js';
import { Representations } from './http/representations.js';
import { Policy } from './policy/policy.js';
import { HealthController } from './root/health.controller.js';
import { VersionController } from './root/version.controller.js';
import type { ApiParts } from './parts.js';
import { DRIVER_FEATURES, LOGGER, SERVICE_SESSION, SETTINGS } from './tokens.js';
import { CloudChecks } from './cloud/cloud-checks.js';
import { ClusterTemplatesController } from './v1/cluster-templates/cluster-templates.controller.js';
import { CreateClusterTemplate } from './v1/cluster-templates/create-cluster-template.js';
import { DeleteClusterTemplate } from './v1/cluster-templates/delete-cluster-template.js';
import { FindClusterTemplates } from './v1/cluster-templates/find-cluster-templates.js';
import { ChangeCluster } from './v1/clusters/change-cluster.js';
import { ClusterActionsController } from './v1/clusters/cluster-actions.controller.js';
import { ClusterDrivers } from './v1/clusters/cluster-drivers.js';
import { ClustersController } from './v1/clusters/clusters.controller.js';
import { CreateCluster } from './v1/clusters/create-cluster.js';
import { DeleteCluster } from './v1/clusters/delete-cluster.js';
import { FindClusters } from './v1/clusters/find-clusters.js';
import { Operations } from './v1/clusters/operations.js';
import { RepairCluster } from './v1/clusters/repair-cluster.js';
import { ResizeCluster } from './v1/clusters/resize-cluster.js';
import { UpdateCluster } from './v1/clusters/update-cluster.js';
import { UpgradeCluster } from './v1/clusters/upgrade-cluster.js';
import { CreateNodeGroup } from './v1/node-groups/create-node-group.js';
import { DeleteNodeGroup } from './v1/node-groups/delete-node-group.js';
import { UpdateNodeGroup } from './v1/node-groups/update-node-group.js';
import { FindNodeGroups } from './v1/node-groups/find-node-groups.js';
import { NodeGroupsController } from './v1/node-groups/node-groups.controller.js';
import { CertificatesController } from './v1/certificates/certificates.controller.js';
import { ClusterAccess } from './v1/certificates/cluster-access.js';
import { ClusterCertificates } from './v1/certificates/cluster-certificates.js';
import { RotateCertificates } from './v1/certificates/rotate-certificates.js';
import { CredentialsController } from './v1/credentials/credentials.controller.js';
import { RotateCredential } from './v1/credentials/rotate-credential.js';
import { DeletePlanController } from './v1/deletion/delete-plan.controller.js';
import { DeletionLook } from './v1/deletion/deletion-look.js';
import { PlanDeletion } from './v1/deletion/plan-deletion.js';
import { FederationsController } from './v1/federations/federations.controller.js';
import { FindKnownCluster } from './v1/history/known-cluster.js';
import { AbortOperation } from './v1/operations/abort-operation.js';
import { FindOperations } from './v1/operations/find-operations.js';
import { OperationsController } from './v1/operations/operations.controller.js';
import { RepeatOperation } from './v1/operations/repeat-operation.js';
import { EventsController } from './v1/events/events.controller.js';
import { EventStreams } from './v1/events/event-streams.js';
import { FollowEvents } from './v1/events/follow-events.js';
import { AddonsController } from './v1/addons/addons.controller.js';
import { ChangeAddon } from './v1/addons/change-addon.js';
import { FindAddons } from './v1/addons/find-addons.js';
import { FindNodes } from './v1/nodes/find-nodes.js';
import { NodesController } from './v1/nodes/nodes.controller.js';
import { KubeconfigController } from './v1/kubeconfig/kubeconfig.controller.js';
import { MakeKubeconfig } from './v1/kubeconfig/make-kubeconfig.js';
import { MservicesController } from './v1/mservices/mservices.controller.js';
import { Quotas } from './v1/quotas/quotas.js';
import { QuotasController } from './v1/quotas/quotas.controller.js';
import { ClusterStacks } from './v1/stacks/cluster-stacks.js';
import { StacksController } from './v1/stacks/stacks.controller.js';
import { StatsController } from './v1/stats/stats.controller.js';
import { UpdateClusterTemplate } from './v1/cluster-templates/update-cluster-template.js';

type Repository = new (source: Database) => object;

const repositories: Provider[] = (
  [
    ClusterAddonsRepository,
    ClusterCreationRepository,
    ClusterHistoryRepository,
    ClusterRemovalRepository,
    ClustersRepository,
    ClusterTemplatesRepository,
    ConductorsRepository,
    EventFeedRepository,
    EventsRepository,
    IdempotencyKeysRepository,
    NodeBootstrapRepository,
    NodeGroupsRepository,
    NodesRepository,
    OperationsRepository,
    QuotasRepository,
    ResourceStateRepository,
    StackTreeRepository,
    StackSignalsRepository,
    StackViewsRepository,
    UnitOfWork,
  ] satisfies Repository[]
).map((type: Repository) => ({ provide: type, useFactory: (source: Database) => new type(source), inject: [Database] }));

const verbs: Provider[] = [
  CreateClusterTemplate,
  FindClusterTemplates,
  UpdateClusterTemplate,
  DeleteClusterTemplate,
  Operations,
  CreateCluster,
  FindClusters,
  DeleteCluster,
  ChangeCluster,
  ClusterDrivers,
  UpdateCluster,
  ResizeCluster,
  RepairCluster,
  UpgradeCluster,
  FindNodeGroups,
  CreateNodeGroup,
  UpdateNodeGroup,
  DeleteNodeGroup,
  ClusterAccess,
  ClusterCertificates,
  MakeKubeconfig,
  RotateCertificates,
  RotateCredential,
  FindKnownCluster,
  FindOperations,
  AbortOperation,
  RepeatOperation,
  FollowEvents,
  EventStreams,
  FindNodes,
  FindAddons,
  ChangeAddon,
  ClusterStacks,
  DeletionLook,
  PlanDeletion,
  HeatAccess,
  FindStacks,
  ShowStack,
  MarkNode,
  Quotas,
];
export const API_CONTROLLERS: readonly Type[] = [
  VersionController,
  HealthController,
  ClusterTemplatesController,
  ClustersController,
  DeletePlanController,
  ClusterActionsController,
  NodeGroupsController,
  OperationsController,
  EventsController,
  NodesController,
  AddonsController,
  StacksController,
  CertificatesController,
  KubeconfigController,
  CredentialsController,
  QuotasController,
  StatsController,
  MservicesController,
  FederationsController,
];

/** Heat's API over the same stacks. It is Heat's own document that says what it answers. */
export const FACE_CONTROLLERS: readonly Type[] = [
  HeatVersionsController,
  HeatStacksController,
  HeatResourcesController,
  HeatChangesController,
];

/** The whole API from its parts; the parts live and end with whoever made them. */
@Module({})
export class ApiModule {
  static from(parts: ApiParts): DynamicModule {
    return {
      module: ApiModule,
      controllers: [...API_CONTROLLERS, ...FACE_CONTROLLERS],
      providers: [
        { provide: SETTINGS, useValue: parts.settings },
        { provide: LOGGER, useValue: parts.log },
        { provide: Database, useValue: parts.source },
        { provide: Signals, useValue: parts.signals },
        { provide: SecretStore, useValue: parts.secrets },
        { provide: KeyRing, useValue: parts.keyRing },
        { provide: OperationQueue, useValue: parts.queue },
        { provide: Cloud, useValue: parts.cloud },
        { provide: SERVICE_SESSION, useValue: parts.service },
        { provide: DRIVER_FEATURES, useValue: parts.features },
        { provide: Policy, useValue: parts.policy },
        { provide: AddonCatalogue, useValue: parts.addons },
        { provide: CloudCatalogue, useFactory: (cloud: Cloud) => new CloudCatalogue(cloud), inject: [Cloud] },
        {
          provide: Gate,
          useFactory: (nodes: NodeBootstrapRepository, signals: Signals) => new Gate(nodes, signals),
          inject: [NodeBootstrapRepository, Signals],
        },
        ReportPhase,
        TakeSignal,
        FetchBundle,
        TakeTurn,
        BootstrapServer,
        Idempotency,
        Representations,
        ChangeHooks,
        ...repositories,
        CloudChecks,
        ...verbs,
      ],
    };
  }
}
