/** A kubeadm run that ends with an error: its words go to stderr, its code is the step's exit code. */
export class KubeadmFailure extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }

  /** What kubeadm prints. */
  get stderr(): string {
    return `${this.message}\nTo see the stack trace of this error execute with --v=5 or higher\n`;
  }
}

/** `error execution phase <phase>: <words>` */
export function phaseFailure(phase: string, words: string): KubeadmFailure {
  return new KubeadmFailure(`error execution phase ${phase}: ${words}`);
}
