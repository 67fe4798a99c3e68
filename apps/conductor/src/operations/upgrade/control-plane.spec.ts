import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { EventsRepository, NodeEntity, NodeGroupEntity, NodesRepository } from '#libs/db';
import { Superseded } from '#libs/domain';
import type { ClusterClient, EtcdMember } from '#libs/kubernetes';
import type { ClusterKube } from '../../kubernetes/cluster-kube.js';
import type { NodeChange } from '../nodes/node-change.js';
import type { NodeStacks } from '../nodes/node-stacks.js';
import type { OperationContext } from '../operation.js';
import { ControlPlane } from './control-plane.js';

it('whoever has lost the lease takes no member out of etcd and sets no version: the next master may have the name', async () => {
  const asked: string[] = [];
  const stranger: EtcdMember = {
    id: 'a1',
    name: '',
    peerUrls: ['https://10.0.0.9:2380'],
    clientUrls: [],
    learner: true,
    answers: false,
    leads: false,
  };
  const client = {
    etcdMembers: async () => [stranger],
    removeEtcdMember: async ({ nodeName }: { nodeName: string }) => asked.push(`remove ${nodeName}`) > 0,
    setClusterVersion: async (version: string) => asked.push(`cluster ${version}`) > 0,
    setKubeProxyVersion: async (version: string) => asked.push(`kube-proxy ${version}`) > 0,
    close: async () => undefined,
  } as unknown as ClusterClient;
  const ctx = {
    cluster: { uuid: 'c', projectId: 'p' },
    operation: { uuid: 'o' },
    signal: new AbortController().signal,
    write: () => Promise.reject(new Superseded('gone')),
    awaiting: () => undefined,
  } as unknown as OperationContext;
  const plane = new ControlPlane(
    { connect: async () => client } as unknown as ClusterKube,
    {} as NodesRepository,
    {} as EventsRepository,
    {} as NodeChange,
    {} as NodeStacks,
  );
  const master = { uuid: 'n', name: 'm-0', privateIp: '10.0.0.5', joinedAt: null, leavingSince: new Date() } as NodeEntity;
  await assert.rejects(plane.leave(ctx, {} as NodeGroupEntity, [master]), Superseded);
  await assert.rejects(plane.healthy(ctx, [master]), Superseded);
  await assert.rejects(plane.announce(ctx, 'v1.36.4'), Superseded);
  await assert.rejects(plane.follow(ctx, 'v1.36.4'), Superseded);
  assert.deepEqual(asked, []);
});
