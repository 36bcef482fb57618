// The image's HEALTHCHECK: asks the app in this container whether it is up. Exit code 0: yes.
import { reasonOf } from "./log.ts";

try {
  const answer = await fetch(`http://127.0.0.1:${process.env["PORT"] || "8080"}/up`, { signal: AbortSignal.timeout(4000) });
  process.stdout.write(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(reasonOf(error));
  process.exitCode = 1;
}
