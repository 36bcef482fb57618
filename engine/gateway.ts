/** The gateway's own command line, kamal-proxy. */
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { execIn, type Result, startContainer } from "./containers.ts";

/** What the engine and kamal-proxy say while a gateway is just starting. */
const NOT_READY = /is not running|is restarting|dial unix|connection refused/;

/** Seconds that a word to the gateway may take, where the caller does not say: none but a switch, a drain or a probe takes longer. */
const WORD = 30;

export interface GatewayOptions {
  /** Deadline of the word itself, in seconds. Default: 30. */
  readonly deadline?: number;
  /** How long a gateway that is just starting is waited for, in seconds. Default: 20. */
  readonly seconds?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs kamal-proxy's command line in the gateway, and again until it takes commands: just after its start it does not.
 * @throws EngineError where the engine gives no answer, or the gateway takes none
 */
export async function tryGateway(
  gateway: string,
  words: readonly string[],
  { deadline = WORD, seconds = 20, signal }: GatewayOptions = {},
): Promise<Result> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await execIn(gateway, ["kamal-proxy", ...words], { seconds: deadline, signal }).catch((error: unknown) => {
      // The engine refuses to run anything in a container that does not run; what else it refuses is no word of the gateway's.
      if (error instanceof EngineError && error.failure === "refused" && (error.status === 409 || NOT_READY.test(error.words)))
        return { code: 1, stdout: "", stderr: error.words };
      throw error;
    });
    if (result.code === 0 || !NOT_READY.test(result.stderr)) return result;
    if (result.stderr.includes("is not running")) await startContainer(gateway); // the engine leaves one alone that somebody has stopped
    if (Date.now() > end)
      throw new EngineError(
        `gateway ${gateway} takes no commands after ${seconds} s: ${result.stderr.trim()}\nLook at it with: docker logs ${gateway}`,
      );
    await sleep(200, undefined, { signal });
  }
}

/** Like `tryGateway`, for commands that must succeed. @throws EngineError with the gateway's own words */
export async function tellGateway(gateway: string, words: readonly string[], options: GatewayOptions = {}): Promise<void> {
  const { code, stderr } = await tryGateway(gateway, words, options);
  if (code !== 0) throw new EngineError(`the gateway refused ${words[0]}: ${stderr.trim().replace(/^Error: /, "")}`);
}
