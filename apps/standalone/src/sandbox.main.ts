/** The sandbox cloud as a process of its own. SANDBOX_OPTIONS: those of `startSandbox`, as JSON. Tells its URLs to its parent. */
import { startSandbox, type SandboxOptions } from '#libs/sandbox';

export interface SandboxReady {
  readonly authUrl: string;
  readonly adminUrl: string;
}

const options = JSON.parse(process.env['SANDBOX_OPTIONS'] ?? '{}') as SandboxOptions;
delete process.env['SANDBOX_OPTIONS'];
const sandbox = await startSandbox({ ...options, log: (line) => console.log(line) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
}
process.send?.({ authUrl: sandbox.authUrl, adminUrl: sandbox.adminUrl } satisfies SandboxReady);
