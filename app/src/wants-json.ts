import type { FastifyRequest } from "fastify";

/** Whether the client is a program rather than a browser. A bare form, as `curl --data` sends it, is answered like a browser's. */
export function wantsJson({ headers }: FastifyRequest): boolean {
  const { accept = "", "content-type": sent = "" } = headers;
  if (sent.startsWith("application/json")) return true;
  if (accept.includes("text/html")) return false;
  return accept.includes("application/json") || !sent.startsWith("application/x-www-form-urlencoded");
}
