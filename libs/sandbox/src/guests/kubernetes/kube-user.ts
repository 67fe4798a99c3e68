/** Who is calling, as authenticated. */
export interface KubeUser {
  readonly name: string;
  readonly groups: readonly string[];
}
