/** A repository of restic over HTTP, in memory: its REST protocol (version 2), as far as restic asks for it. */
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";

export interface ResticServer {
  readonly server: Server;
  /** What is stored, by path such as "/data/0a1b…". */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Answers those who give this user and password. */
export function resticServer(user: string, password: string): ResticServer {
  const files = new Map<string, Buffer>();
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
      const body = await buffer(request);
      const end = (status: number, content: Buffer | string = "", headers = {}) => response.writeHead(status, { "content-length": Buffer.byteLength(content), ...headers }).end(request.method === "HEAD" ? undefined : content);
      if (request.headers.authorization !== wanted) return end(401);
      if (request.method === "POST" && !searchParams.has("create")) files.set(pathname, body);
      if (request.method === "POST") return end(200);
      if (pathname.endsWith("/")) {
        const stored = [...files].filter(([path]) => path.startsWith(pathname));
        return end(200, JSON.stringify(stored.map(([path, { length }]) => ({ name: path.slice(pathname.length), size: length }))), { "content-type": "application/vnd.x.restic.rest.v2" });
      }
      const file = files.get(pathname);
      if (!file) return end(404);
      if (request.method === "DELETE") return files.delete(pathname) && end(200);
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
      if (!range) return end(200, file);
      const [from, to] = [Number(range[1]), range[2] ? Number(range[2]) + 1 : file.length];
      return end(206, file.subarray(from, to), { "content-range": `bytes ${from}-${to - 1}/${file.length}` });
    })();
  });
  return { server, files };
}
