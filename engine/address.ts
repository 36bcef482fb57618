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

/**
 * The environment in which the `docker` command of a Pulumi command works on that engine. The address itself stays out
 * of the state where the user's environment gives it: the same stack may be updated by way of another one.
 */
export function engineEnvironment(): Record<string, string> {
  const host = new pulumi.Config("docker").get("host");
  return host ? { DOCKER_HOST: host } : { DOCKER_CONTEXT: "default" }; // the default context is DOCKER_HOST or the usual socket
}
