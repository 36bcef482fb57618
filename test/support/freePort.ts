/** Ports for servers and gateways of tests. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A port of loopback that nothing listens on just now, below those that connections leave from: one of those could take it before the test
 * does.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer()
      .on("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  return free ? port : freePort();
}
