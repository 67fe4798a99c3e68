/** A file of the first boot. */
export interface BootFile {
  /** Absolute. */
  readonly path: string;
  /** Octal: `0600`. Owner is root. */
  readonly mode: string;
  readonly content: string;
}

/** A systemd unit that is written, enabled and started. */
export interface BootUnit {
  /** `jeroboam-node.service` */
  readonly name: string;
  readonly content: string;
}

/** What a machine shall find at its first boot, whatever reads it there: cloud-init or Ignition. */
export interface FirstBoot {
  readonly files: readonly BootFile[];
  readonly unit: BootUnit;
  /** Units of the image that must not run: they would change or restart a node by themselves. */
  readonly masked: readonly string[];
}
