import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The spine: templates, clusters, node groups, nodes, operations, events, stacks, secrets, quotas, conductors, leases.
 *
 *   cluster_templates <── clusters <── node_groups <── nodes <── node_phases
 *                            ^            ^
 *                            └── stacks ──┘ <── stack_resources
 *   operations <── operation_steps     events     sealed_secrets     leases     conductors     quotas
 *
 * Operations and events outlive their cluster: they name it by uuid without a foreign key.
 */
export class Spine1764000000000 implements MigrationInterface {
  readonly name = 'Spine1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      CREATE TABLE cluster_templates (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uuid uuid NOT NULL CONSTRAINT cluster_templates_uuid_key UNIQUE,
        project_id text NOT NULL,
        user_id text NOT NULL,
        name text,
        coe text NOT NULL,
        image_id text NOT NULL,
        flavor_id text,
        master_flavor_id text,
        dns_nameserver text,
        keypair_id text,
        external_network_id text,
        fixed_network text,
        fixed_subnet text,
        network_driver text,
        apiserver_port integer,
        docker_volume_size integer,
        cluster_distro text,
        http_proxy text,
        https_proxy text,
        no_proxy text,
        volume_driver text,
        registry_enabled boolean NOT NULL DEFAULT false,
        labels jsonb NOT NULL DEFAULT '{}',
        tls_disabled boolean NOT NULL DEFAULT false,
        public boolean NOT NULL DEFAULT false,
        server_type text NOT NULL DEFAULT 'vm',
        insecure_registry text,
        docker_storage_driver text,
        master_lb_enabled boolean NOT NULL DEFAULT false,
        floating_ip_enabled boolean NOT NULL DEFAULT true,
        hidden boolean NOT NULL DEFAULT false,
        tags text,
        driver text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        revision integer NOT NULL DEFAULT 1
      )`);
    await runner.query(`CREATE INDEX cluster_templates_project_idx ON cluster_templates (project_id, id)`);
    await runner.query(`CREATE INDEX cluster_templates_name_idx ON cluster_templates (name)`);
    await runner.query(`CREATE INDEX cluster_templates_public_idx ON cluster_templates (id) WHERE public`);

    await runner.query(/* sql */ `
      CREATE TABLE clusters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uuid uuid NOT NULL CONSTRAINT clusters_uuid_key UNIQUE,
        project_id text NOT NULL,
        user_id text NOT NULL,
        name text NOT NULL,
        cluster_template_uuid uuid NOT NULL
          CONSTRAINT clusters_cluster_template_fkey REFERENCES cluster_templates (uuid) ON DELETE RESTRICT,
        keypair text,
        docker_volume_size integer,
        labels jsonb NOT NULL DEFAULT '{}',
        master_flavor_id text,
        flavor_id text,
        create_timeout integer,
        discovery_url text,
        fixed_network text,
        fixed_subnet text,
        floating_ip_enabled boolean NOT NULL,
        master_lb_enabled boolean NOT NULL,
        status text NOT NULL,
        status_reason text,
        health_status text,
        health_status_reason jsonb NOT NULL DEFAULT '{}',
        stack_id text,
        api_address text,
        coe_version text,
        container_version text,
        trust_id text,
        trustee_user_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        revision integer NOT NULL DEFAULT 1
      )`);
    await runner.query(`CREATE INDEX clusters_project_idx ON clusters (project_id, id)`);
    await runner.query(`CREATE INDEX clusters_name_idx ON clusters (project_id, name)`);
    await runner.query(`CREATE INDEX clusters_template_idx ON clusters (cluster_template_uuid)`);

    await runner.query(/* sql */ `
      CREATE TABLE node_groups (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uuid uuid NOT NULL CONSTRAINT node_groups_uuid_key UNIQUE,
        cluster_uuid uuid NOT NULL CONSTRAINT node_groups_cluster_fkey REFERENCES clusters (uuid) ON DELETE CASCADE,
        project_id text NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        is_default boolean NOT NULL DEFAULT false,
        flavor_id text,
        image_id text,
        docker_volume_size integer,
        labels jsonb NOT NULL DEFAULT '{}',
        node_count integer NOT NULL,
        min_node_count integer NOT NULL DEFAULT 0,
        max_node_count integer,
        node_labels jsonb NOT NULL DEFAULT '{}',
        node_taints jsonb NOT NULL DEFAULT '[]',
        node_addresses jsonb NOT NULL DEFAULT '[]',
        stack_id text,
        node_facts jsonb,
        status text NOT NULL,
        status_reason text,
        version text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        revision integer NOT NULL DEFAULT 1,
        CONSTRAINT node_groups_cluster_name_key UNIQUE (cluster_uuid, name)
      )`);

    await runner.query(/* sql */ `
      CREATE TABLE nodes (
        uuid uuid PRIMARY KEY,
        cluster_uuid uuid NOT NULL CONSTRAINT nodes_cluster_fkey REFERENCES clusters (uuid) ON DELETE CASCADE,
        node_group_uuid uuid NOT NULL CONSTRAINT nodes_node_group_fkey REFERENCES node_groups (uuid) ON DELETE CASCADE,
        project_id text NOT NULL,
        name text NOT NULL,
        slot integer NOT NULL,
        role text NOT NULL,
        phase text NOT NULL DEFAULT 'planned',
        phase_status text NOT NULL DEFAULT 'done',
        phase_at timestamptz NOT NULL DEFAULT now(),
        server_id text,
        private_ip text,
        floating_ip text,
        allowed_sources jsonb NOT NULL DEFAULT '[]',
        bundle_key_hash text,
        bundle_fetched_at timestamptz,
        joined_at timestamptz,
        ready_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        CONSTRAINT nodes_slot_key UNIQUE (node_group_uuid, slot)
      )`);
    await runner.query(`CREATE INDEX nodes_cluster_idx ON nodes (cluster_uuid)`);
    await runner.query(/* sql */ `
      CREATE TABLE node_phases (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        node_uuid uuid NOT NULL CONSTRAINT node_phases_node_fkey REFERENCES nodes (uuid) ON DELETE CASCADE,
        phase text NOT NULL,
        status text NOT NULL,
        exit_code integer,
        log_tail text,
        at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX node_phases_node_idx ON node_phases (node_uuid, id)`);

    await runner.query(/* sql */ `
      CREATE TABLE operations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        uuid uuid NOT NULL CONSTRAINT operations_uuid_key UNIQUE,
        cluster_uuid uuid NOT NULL,
        project_id text NOT NULL,
        user_id text NOT NULL,
        request_id text NOT NULL,
        kind text NOT NULL,
        request jsonb NOT NULL DEFAULT '{}',
        status text NOT NULL DEFAULT 'pending',
        step text,
        progress integer NOT NULL DEFAULT 0,
        error jsonb,
        attempts integer NOT NULL DEFAULT 0,
        abort_requested boolean NOT NULL DEFAULT false,
        deadline_at timestamptz,
        not_before timestamptz NOT NULL DEFAULT now(),
        sent_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz
      )`);
    await runner.query(`CREATE INDEX operations_cluster_idx ON operations (cluster_uuid, id)`);
    await runner.query(`CREATE INDEX operations_open_idx ON operations (id) WHERE status IN ('pending', 'running')`);
    await runner.query(/* sql */ `
      CREATE TABLE operation_steps (
        operation_uuid uuid NOT NULL CONSTRAINT operation_steps_operation_fkey REFERENCES operations (uuid) ON DELETE CASCADE,
        name text NOT NULL,
        position integer NOT NULL,
        status text NOT NULL,
        attempts integer NOT NULL DEFAULT 1,
        error jsonb,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        PRIMARY KEY (operation_uuid, name)
      )`);

    await runner.query(/* sql */ `
      CREATE TABLE events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        cluster_uuid uuid NOT NULL,
        project_id text NOT NULL,
        operation_uuid uuid,
        node_uuid uuid,
        type text NOT NULL,
        level text NOT NULL DEFAULT 'info',
        message text NOT NULL,
        data jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX events_cluster_idx ON events (cluster_uuid, id)`);

    await runner.query(/* sql */ `
      CREATE TABLE stacks (
        uuid uuid PRIMARY KEY,
        cluster_uuid uuid NOT NULL CONSTRAINT stacks_cluster_fkey REFERENCES clusters (uuid) ON DELETE CASCADE,
        node_group_uuid uuid,
        project_id text NOT NULL,
        name text NOT NULL,
        backend text NOT NULL DEFAULT 'native',
        action text NOT NULL DEFAULT 'INIT',
        status text NOT NULL DEFAULT 'COMPLETE',
        status_reason text,
        template jsonb NOT NULL,
        parameters jsonb NOT NULL DEFAULT '{}',
        outputs jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        revision integer NOT NULL DEFAULT 1,
        CONSTRAINT stacks_name_key UNIQUE (cluster_uuid, name)
      )`);
    await runner.query(/* sql */ `
      CREATE TABLE stack_resources (
        uuid uuid PRIMARY KEY,
        stack_uuid uuid NOT NULL CONSTRAINT stack_resources_stack_fkey REFERENCES stacks (uuid) ON DELETE CASCADE,
        name text NOT NULL,
        type text NOT NULL,
        physical_name text NOT NULL,
        physical_id text,
        action text NOT NULL DEFAULT 'INIT',
        status text NOT NULL DEFAULT 'COMPLETE',
        status_reason text,
        attributes jsonb NOT NULL DEFAULT '{}',
        requires jsonb NOT NULL DEFAULT '[]',
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        revision integer NOT NULL DEFAULT 1,
        CONSTRAINT stack_resources_name_key UNIQUE (stack_uuid, name)
      )`);

    await runner.query(/* sql */ `
      CREATE TABLE sealed_secrets (
        owner_kind text NOT NULL,
        owner_uuid uuid NOT NULL,
        purpose text NOT NULL,
        key_id text NOT NULL,
        sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner_uuid, owner_kind, purpose)
      )`);
    await runner.query(/* sql */ `
      CREATE TABLE quotas (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        project_id text NOT NULL,
        resource text NOT NULL,
        hard_limit integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz,
        CONSTRAINT quotas_project_resource_key UNIQUE (project_id, resource)
      )`);
    await runner.query(/* sql */ `
      CREATE TABLE conductors (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        host text NOT NULL CONSTRAINT conductors_host_key UNIQUE,
        report_count integer NOT NULL DEFAULT 0,
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz
      )`);
    await runner.query(/* sql */ `
      CREATE TABLE leases (
        name text PRIMARY KEY,
        owner text NOT NULL,
        epoch bigint NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'leases',
      'conductors',
      'quotas',
      'sealed_secrets',
      'stack_resources',
      'stacks',
      'events',
      'operation_steps',
      'operations',
      'node_phases',
      'nodes',
      'node_groups',
      'clusters',
      'cluster_templates',
    ]) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}
