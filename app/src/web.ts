import formbody from "@fastify/formbody";
import fastify from "fastify";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { drainConnections } from "./drain-connections.ts";
import type { Environment } from "./environment.ts";
import { log, reasonOf } from "./log.ts";
import type { LazyNotes } from "./notes/lazy-notes.ts";
import { NotesUnavailable } from "./notes/notes.ts";
import { CONTENT_SECURITY_POLICY, problemPage } from "./page/layout.ts";
import { boardRoutes } from "./routes/board.ts";
import { loadTestRoutes } from "./routes/load-test.ts";
import { statusRoutes } from "./routes/status.ts";
import { wantsJson } from "./wants-json.ts";

/** The web server, not listening yet. Closing it finishes the open requests and then closes the notes. */
export function createWeb(environment: Environment, notes: LazyNotes): FastifyInstance {
  const web = fastify({
    // The gateway logs each request; this app logs its start, its stop and what goes wrong.
    logger: false,
    bodyLimit: 16 * 1024,
    // A request that has arrived is answered, also while closing.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    // The gateway reuses its connections and never times them out. Were this side the first to close an idle one, a
    // request sent at that moment would be lost: so it keeps them for a day. (fastify reads 0 as its default, 72 s.)
    keepAliveTimeout: 24 * 60 * 60 * 1000,
    // Ends clients that send a request drop by drop.
    requestTimeout: 30_000,
  });
  drainConnections(web);
  web.register(formbody);
  web.addHook("onRequest", refuseOtherSites);
  web.addHook("onSend", setHeaders);
  web.addHook("onClose", () => notes.close());

  boardRoutes(web, environment, notes);
  statusRoutes(web, environment, notes);
  loadTestRoutes(web, environment);

  web.setNotFoundHandler((request, reply) => answer(environment, request, reply, 404, "There is nothing at this address."));
  web.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof NotesUnavailable) {
      log("notes unavailable", { url: request.url, reason: reasonOf(error) });
      reply.header("retry-after", "1");
      return answer(environment, request, reply, 503, "The notes cannot be reached at the moment. Try again soon.");
    }
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return answer(environment, request, reply, error.statusCode, error.message);
    }
    log("request failed", { url: request.url, reason: error.stack });
    return answer(environment, request, reply, 500, "Something went wrong here. It is written to the log.");
  });
  return web;
}

/** Says what went wrong, to a program as JSON and to a person as a page. */
function answer(environment: Environment, request: FastifyRequest, reply: FastifyReply, code: number, problem: string) {
  reply.code(code);
  if (wantsJson(request)) return reply.send({ error: problem });
  return reply.type("text/html; charset=utf-8").send(problemPage(environment, `Error ${code}`, problem));
}

/** A page of another site must not post here in the name of whoever visits it. Browsers say where a request comes from. */
async function refuseOtherSites(request: FastifyRequest): Promise<void> {
  const site = request.headers["sec-fetch-site"];
  if (request.method === "GET" || request.method === "HEAD" || site === undefined) return;
  if (site !== "same-origin" && site !== "none") {
    throw Object.assign(new Error("Another site may not send this."), { statusCode: 403 });
  }
}

/** Nothing here may be cached: the notes change, and each form carries an id of its own. */
async function setHeaders(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.headers({
    "cache-control": "no-store",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
}
