import { readEnvironment } from "./environment.ts";
import { log, reasonOf } from "./log.ts";
import { LazyNotes } from "./notes/lazy-notes.ts";
import { createWeb } from "./web.ts";

try {
  const environment = readEnvironment();
  const notes = new LazyNotes(environment);
  const web = createWeb(environment, notes);

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (name) => void stop(name));
  let stopping = false;
  async function stop(signal: NodeJS.Signals): Promise<void> {
    // Whoever asks twice wants it now.
    if (stopping) process.exit(1);
    stopping = true;
    await web.close();
    log("stopped", { signal });
    process.exit(0);
  }

  // Listening does not wait for the notes: /up then tells why they cannot be used.
  notes.get().catch((error: unknown) => log("notes unavailable", { reason: reasonOf(error) }));
  await web.listen({ port: environment.port, host: environment.host });
  const { release, replica } = environment;
  log("started", { release, replica, addresses: web.addresses() });
} catch (error) {
  log("failed to start", { reason: reasonOf(error) });
  process.exit(1);
}
