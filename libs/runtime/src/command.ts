/** Prints a command's answer, or what was wrong with what it was asked, and gives the exit code back. */
export function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return code;
}

/** Runs an admin command. An error ends it with its message alone and exit code 1. */
export async function runCommand(main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = say(error instanceof Error ? error.message : String(error), 1);
  }
}
