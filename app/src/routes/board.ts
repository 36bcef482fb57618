import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Environment } from "../environment.ts";
import type { LazyNotes } from "../notes/lazy-notes.ts";
import { readNewNote } from "../notes/new-note.ts";
import { boardPage } from "../page/board.ts";
import { wantsJson } from "../wants-json.ts";

const DEFAULTS = { notesPerPage: 20, limit: 50, mostLimit: 100 };

const after = { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const limit = { type: "integer", minimum: 1, maximum: DEFAULTS.mostLimit, default: DEFAULTS.limit };
const idParams = { type: "object", properties: { id: { type: "string", format: "uuid" } }, required: ["id"] };

/** The board itself: the page with its forms, and the same as JSON. */
export function boardRoutes(web: FastifyInstance, environment: Environment, notes: LazyNotes): void {
  web.get<{ Querystring: { after?: number; status?: string } }>(
    "/",
    { schema: { querystring: { type: "object", properties: { after, status: { type: "string" } } } } },
    async ({ query }, reply) => {
      const page = await (await notes.get()).list({ limit: DEFAULTS.notesPerPage, after: query.after });
      const older = query.after !== undefined;
      return sendHtml(reply, boardPage(environment, { ...page, older, status: query.status }));
    },
  );

  web.post("/notes", async (request, reply) => {
    const board = await notes.get();
    const note = readNewNote(request.body);

    if (wantsJson(request)) {
      if ("problem" in note) return reply.code(400).send({ error: note.problem });
      const outcome = await board.add(note, environment.release);
      if (outcome.kind === "stored") return reply.code(201).send(outcome.note);
      return reply.code(409).send({ error: `Another note has the id ${note.id}: send yours with a new one.` });
    }

    if ("problem" in note) {
      const { text } = (request.body ?? {}) as { text?: unknown };
      const page = await board.list({ limit: DEFAULTS.notesPerPage });
      return sendHtml(
        reply.code(400),
        boardPage(environment, { ...page, refused: { text: typeof text === "string" ? text : "", problem: note.problem } }),
      );
    }
    // A person who goes back to a sent form and writes something else means a new note.
    const outcome = await board.add(note, environment.release);
    if (outcome.kind === "different") await board.add({ ...note, id: randomUUID() }, environment.release);
    return reply.redirect("/?status=posted", 303);
  });

  web.get<{ Querystring: { limit: number; after?: number } }>(
    "/notes",
    { schema: { querystring: { type: "object", properties: { after, limit } } } },
    async ({ query }) => (await notes.get()).list(query),
  );

  web.get("/notes/count", async () => ({ count: await (await notes.get()).count() }));

  web.post<{ Params: { id: string } }>("/notes/:id/delete", { schema: { params: idParams } }, async ({ params }, reply) => {
    await (await notes.get()).remove(params.id.toLowerCase());
    return reply.redirect("/?status=deleted", 303);
  });

  web.delete<{ Params: { id: string } }>("/notes/:id", { schema: { params: idParams } }, async ({ params }, reply) => {
    await (await notes.get()).remove(params.id.toLowerCase());
    return reply.code(204).send();
  });
}

function sendHtml(reply: FastifyReply, page: string): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(page);
}
