import { readdirSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Environment } from "../environment.ts";
import { reasonOf } from "../log.ts";
import type { LazyNotes } from "../notes/lazy-notes.ts";

/** What the app says about itself: whether it can serve, and who it is. */
export function statusRoutes(web: FastifyInstance, environment: Environment, notes: LazyNotes): void {
  const { release, replica, greeting } = environment;
  const started = new Date().toISOString();

  // Berth sends no traffic to a release until this answers 200.
  web.get("/up", async (_request, reply) => {
    try {
      await (await notes.get()).check();
      return { status: "ok", release, replica };
    } catch (error) {
      return reply.code(503).send({ status: "unavailable", reason: reasonOf(error), release, replica });
    }
  });

  web.get("/about", async () => ({
    release,
    replica,
    started,
    greeting,
    node: process.version,
    database: environment.databaseUrlFile === undefined ? "sqlite" : "postgres",
    secrets: secretNames(environment.secretsDir),
  }));
}

/** The names of the secrets that are mounted. Their values, and the environment, are never shown. */
function secretNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // no secret, no folder
  }
}
