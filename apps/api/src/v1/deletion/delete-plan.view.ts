import { z } from 'zod';
import type { StackCount } from '#libs/db';
import type { KeptObject, MadeObject } from '#libs/openstack';
import { nullableText, textOf } from '../../http/views.js';
import type { Look } from './deletion-look.js';

const objectShape = {
  type: z
    .enum(['load-balancer', 'floating-ip', 'security-group', 'volume', 'snapshot'])
    .meta({ description: 'What it is in the cloud' }),
  id: textOf('Id in the cloud'),
  name: textOf('Name or address; of a volume the claim that it was made for, where it is known'),
};
const removed = z.object(objectShape).meta({ id: 'DeletePlanObject', description: 'An object that Kubernetes has made' });
const kept = z
  .object({ ...objectShape, reason: textOf('Why it stays') })
  .meta({ id: 'DeletePlanKept', description: 'An object that stays, and why' });

export const deletePlanView = z
  .object({
    cluster_uuid: textOf('uuid of the cluster'),
    stacks: z
      .array(
        z
          .object({
            uuid: textOf('uuid of the stack'),
            name: textOf('Name within the cluster'),
            nodegroup: nullableText('Name of the node group whose nodes it holds; null: what all nodes share'),
            resources: z.record(z.string(), z.int()).meta({ description: 'How many of each type stand in the cloud' }),
          })
          .meta({ id: 'DeletePlanStack', description: 'A stack that goes' }),
      )
      .meta({ description: 'In the order in which they go' }),
    remove: z.array(removed).meta({ description: 'What Kubernetes has made and goes too' }),
    keep: z.array(kept).meta({ description: 'What stays' }),
    undecided: z.array(kept).meta({
      description: 'Volumes and snapshots whose reclaim policies are asked for when the deletion begins, and decide then',
    }),
    in_the_way: z.array(kept).meta({ description: 'What stays and stands on the network that goes: the deletion would fail' }),
    unanswered: z
      .array(
        z
          .object({ service: textOf('Service of the cloud'), reason: textOf('What it says') })
          .meta({ id: 'DeletePlanUnanswered', description: 'A service that does not answer' }),
      )
      .meta({ description: 'Services whose objects are not in this plan' }),
  })
  .meta({ id: 'DeletePlan', description: 'What a deletion of the cluster would do now' });
export type DeletePlanView = z.infer<typeof deletePlanView>;

export function toDeletePlanView(
  clusterUuid: string,
  stacks: readonly StackCount[],
  { plan, knowsPolicies, unanswered }: Look,
  keepVolumes: boolean | null,
): DeletePlanView {
  const open = (object: KeptObject): boolean =>
    !knowsPolicies && keepVolumes === null && (object.type === 'volume' || object.type === 'snapshot');
  const short = ({ type, id, name }: MadeObject): MadeObject => ({ type, id, name });
  const withReason = (object: KeptObject): KeptObject => ({ ...short(object), reason: object.reason });
  return {
    cluster_uuid: clusterUuid,
    stacks: stacks.map(({ uuid, name, nodeGroup, resources }) => ({
      uuid,
      name,
      nodegroup: nodeGroup,
      resources: { ...resources },
    })),
    remove: plan.remove.map(short),
    keep: plan.keep.filter((object) => !open(object)).map(withReason),
    undecided: plan.keep.filter(open).map((object) => ({ ...short(object), reason: 'its reclaim policy decides' })),
    in_the_way: plan.inTheWay.map(withReason),
    unanswered: [...unanswered].map(([service, reason]) => ({ service, reason })),
  };
}
