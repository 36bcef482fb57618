/** The gateway's own command line, kamal-proxy. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Result, tryDocker } from "./docker.ts";
import { EngineError } from "./engineError.ts";

/** What the engine and kamal-proxy say while a gateway is just starting. */
const NOT_READY = /is not running|is restarting|dial unix|connection refused/;

/** Runs kamal-proxy's command line in the gateway, and again until it takes commands: just after its start it does not. */
export async function tryGateway(gateway: string, words: readonly string[], { seconds = 20, signal }: { seconds?: number; signal?: AbortSignal } = {}): Promise<Result> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await tryDocker(["exec", gateway, "kamal-proxy", ...words], signal && { signal });
    if (result.code === 0 || !NOT_READY.test(result.stderr)) return result;
    if (result.stderr.includes("is not running")) await tryDocker(["start", gateway]); // the engine leaves one alone that somebody has stopped
    if (Date.now() > end) throw new EngineError(`gateway ${gateway} takes no commands after ${seconds} s: ${result.stderr.trim()}\nLook at it with: docker logs ${gateway}`);
    await sleep(200);
  }
}

/** Like `tryGateway`, for commands that must succeed. @throws EngineError with the gateway's own words. */
export async function tellGateway(gateway: string, words: readonly string[]): Promise<void> {
  const { code, stderr } = await tryGateway(gateway, words);
  if (code !== 0) throw new EngineError(`the gateway refused ${words[0]}: ${stderr.trim().replace(/^Error: /, "")}`);
}
