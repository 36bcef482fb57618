/** Which engine the steps work on. Pure. */

/**
 * The variables with which a step works on that engine. The address itself stays out of the state where the user's environment
 * gives it: the same stack may be updated by way of another one.
 * @param host address of the engine. Default: DOCKER_HOST where the step runs, else the usual socket; never a context of the docker
 * command's,
 * which Pulumi's provider does not know
 */
export const engineEnvironment = (host?: string): Record<string, string> => (host ? { DOCKER_HOST: host } : { DOCKER_CONTEXT: "default" });
