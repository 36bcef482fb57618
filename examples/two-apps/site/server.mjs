import { createServer } from "node:http";

const { TITLE = "", BERTH_RELEASE: release, PORT } = process.env;

const server = createServer((request, response) => {
  response.setHeader("content-type", request.url === "/about" ? "application/json" : "text/html");
  response.end(request.url === "/about" ? JSON.stringify({ release }) : `<h1>${TITLE}</h1>\n`);
});
server.keepAliveTimeout = 75_000; // longer than the gateway keeps a connection: it never sends into one that closes
server.listen(Number(PORT));
process.on("SIGTERM", () => server.close());
