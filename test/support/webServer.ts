/** A web server on a free port of loopback, for what would come from the internet. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.splice(0).map((stop) => stop())));

/** Starts a server and gives its address, such as `http://127.0.0.1:34567`. It stops after the test file has run. */
export async function webServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
