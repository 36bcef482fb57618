/** The other ways to serve: one writer at a time, a maintenance page, host names with certificates of one's own. */
import { readFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { join } from "node:path";
import { freePort } from "../support/freePort.ts";
import { Checkout } from "./support/checkout.ts";
import { census, docker } from "./support/engine.ts";
import { startLoad } from "./support/load.ts";
import { selfSigned } from "./support/selfSigned.ts";

let app: Checkout;
beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
});
afterAll(() => app?.remove());

const volumes = [{ name: "data", target: "/data" }];

test("with strategy recreate, requests wait while the one writer is swapped, and none fails", async () => {
  await app.configure({ volumes, strategy: "recreate" });
  await app.upOk();
  expect(await app.output<string>("strategy")).toBe("recreate");

  const load = await startLoad({ url: app.url, kinds: ["keepAlive", "newConnection", "post"] });
  await app.configure({ volumes, strategy: "recreate", env: { GREETING: "Second" } });
  const since = Math.floor(Date.now() / 1000);
  await app.upOk();
  const report = await load.stop();
  expect(Object.values(report.tallies).flatMap(({ failures }) => failures)).toEqual([]);
  expect(await (await fetch(app.url)).text()).toContain("Second");
  const filters = ["label=berth.stack=" + app.stack, "event=start", "event=die"].flatMap((filter) => ["--filter", filter]);
  const events = await docker(
    "events",
    "--since",
    String(since),
    "--until",
    String(Math.ceil(Date.now() / 1000)),
    ...filters,
    "--format",
    "{{.Action}} {{.Actor.Attributes.name}}",
  );
  const order = events
    .split("\n")
    .filter((line) => line.includes("-web-"))
    .map((line) => line.split(" ")[0]);
  expect(order).toEqual(["die", "start"]); // never two writers
});

test("maintenance answers 503 with the message while the app keeps running, until it is taken out", async () => {
  await app.configure({ volumes, strategy: "recreate", env: { GREETING: "Second" }, maintenance: "Back at noon" });
  await app.upOk();
  const answer = await fetch(app.url);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("Back at noon");
  expect((await census(app.stack)).containers).toHaveLength(2);

  await app.configure({ volumes, strategy: "recreate", env: { GREETING: "Second" } });
  await app.upOk();
  expect((await fetch(app.url)).status).toBe(200);
});

test("own certificates serve the named hosts only, and a renewed one needs no new gateway", async () => {
  const httpsPort = await freePort();
  const configuration = { volumes, hosts: ["notes.example.com"], httpsPort };
  await app.configure(configuration);
  await useCertificate("one");
  await app.upOk();
  expect(await app.output<string>("url")).toBe(`https://notes.example.com:${httpsPort}`);
  expect(await overTls(httpsPort, "one")).toBe(200);
  expect(await overHttp("notes.example.com")).toBe(301);
  expect(await overHttp("other.example.com")).toBe(404);

  const gateway = (await census(app.stack)).containers.filter((name) => name.includes("gateway"));
  await useCertificate("two");
  await app.upOk();
  expect(await overTls(httpsPort, "two")).toBe(200);
  expect((await census(app.stack)).containers.filter((name) => name.includes("gateway"))).toEqual(gateway);
});

async function useCertificate(name: string): Promise<void> {
  const { certificate, key } = selfSigned(app.folder, name);
  await app.secret("tls.certificate", certificate);
  await app.secret("tls.key", key);
}

/** Only a client that trusts exactly this certificate gets an answer. */
const overTls = (port: number, name: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    httpsGet(
      {
        host: "127.0.0.1",
        port,
        path: "/up",
        servername: "notes.example.com",
        headers: { host: "notes.example.com" },
        ca: readFileSync(join(app.folder, `${name}.pem`)),
        agent: false,
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    ).on("error", reject);
  });

const overHttp = (host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    httpGet({ host: "127.0.0.1", port: app.port, path: "/", headers: { host }, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on("error", reject);
  });
