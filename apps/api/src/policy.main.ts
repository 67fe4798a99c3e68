import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { policyFile } from '#libs/config';
import { runCommand } from '#libs/runtime';
import { API_CONTROLLERS } from './api.module.js';
import { describeRoutes, type Controller } from './http/completeness.js';
import { OPERATION_RULES } from './policy/default-rules.js';
import { credentialsOf, targetOf } from './policy/facts.js';
import { Policy } from './policy/policy.js';
import { readPolicyFile } from './policy/policy-file.js';
import { listRules, toTable } from './policy/policy-table.js';
import { RuleSet } from './policy/rule-set.js';

const USAGE = `npm run policy -- list [--json]        the rules as they count, where they come from, what they guard
npm run policy -- check [--rule NAME] --role ROLE ...    what a caller with these roles may do
  --user ID --project ID --domain ID --system            who asks (default: user u, project p)
  --target-user ID --target-project ID                   what is acted upon (default: the caller's own)
npm run policy -- validate                 whether the file can be used
--file PATH: the operator's policy.yaml (default: $POLICY_FILE)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    file: { type: 'string' },
    rule: { type: 'string' },
    role: { type: 'string', multiple: true, default: [] },
    user: { type: 'string', default: 'u' },
    project: { type: 'string', default: 'p' },
    domain: { type: 'string' },
    system: { type: 'boolean', default: false },
    'target-user': { type: 'string' },
    'target-project': { type: 'string' },
  },
});

/** The policy at the command line, as oslopolicy-policy-generator, -checker and -validator. Needs no database and no cloud. */
function main(): number {
  const file = values.file ?? policyFile();
  const rules = file ? readPolicyFile(file) : new RuleSet();
  for (const name of rules.unknown) console.error(`warning: ${name} is a rule that nothing asks`);
  switch (positionals[0]) {
    case 'list': {
      const routes = describeRoutes(API_CONTROLLERS as readonly Controller[], new Policy());
      const listed = listRules(rules.effective(), routes);
      console.log(values.json ? JSON.stringify(listed, null, 2) : toTable(listed));
      return 0;
    }
    case 'check':
      return check(rules);
    case 'validate':
      console.log(file ? `${file} can be used` : 'there is no file: the defaults count');
      return rules.unknown.length === 0 ? 0 : 1;
    default:
      console.error(USAGE);
      return 2;
  }
}

function check(rules: RuleSet): number {
  const { role: roles, user: userId, project, system, domain: domainId, rule } = values;
  const projectId = system || domainId !== undefined ? null : project;
  const scope = { ...(system ? { systemScope: 'all' } : {}), ...(domainId === undefined ? {} : { domainId }) };
  const caller = { requestId: '', userId, projectId, roles, ...scope };
  const own = targetOf({ projectId, userId });
  const isAdmin = rules.evaluate('context_is_admin', { roles, credentials: credentialsOf(caller, false), target: own });
  const target = targetOf({ projectId: values['target-project'] ?? projectId, userId: values['target-user'] ?? userId });
  const facts = { roles, credentials: credentialsOf(caller, isAdmin), target };
  const names = rule === undefined ? OPERATION_RULES : [rule];
  if (rule !== undefined && !rules.effective().some(({ name }) => name === rule)) {
    console.error(`${rule} is not a rule`);
    return 2;
  }
  const results = names.map((name) => ({ rule: name, allowed: rules.evaluate(name, facts) }));
  if (values.json) console.log(JSON.stringify(results, null, 2));
  else for (const { rule: name, allowed } of results) console.log(`${allowed ? 'passed' : 'failed'}: ${name}`);
  return rule !== undefined && !results[0]?.allowed ? 1 : 0;
}

await runCommand(main);
