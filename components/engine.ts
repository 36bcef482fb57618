/** Which Docker engine this program talks to: one answer for the provider, the docker CLI and the steps. */
import * as pulumi from "@pulumi/pulumi";

const DEFAULT_HOST = "unix:///var/run/docker.sock";

/**
 * The engine's address: configuration `docker:host`, else DOCKER_HOST, else the default socket. Docker's own
 * "contexts" are passed over, because the provider does not know them and would work on another engine.
 */
export function engineHost(): string {
  return new pulumi.Config("docker").get("host") ?? (process.env["DOCKER_HOST"] || DEFAULT_HOST);
}
