/** What stands in the way is said in one line, before anything is touched. */
import { createServer, type Server } from "node:http";
import { Checkout, type Ran } from "./support/checkout.ts";
import { census } from "./support/engine.ts";

let app: Checkout;
let server: Server;
beforeAll(async () => {
  app = await Checkout.make();
  server = createServer().listen(app.port, "127.0.0.1");
});
afterAll(async () => {
  server?.close();
  await app?.remove();
});

const DIAGNOSTICS = "Diagnostics:"; // Pulumi shows a line as it comes and once more below this word
const nothing = { containers: [], volumes: [], networks: [], images: [] };

const MISHAPS: readonly [what: string, config: Record<string, unknown>, env: NodeJS.ProcessEnv, line: RegExp][] = [
  ["a port that another program holds", {}, {}, /berth:port is \d+, but another program holds that port: .*pulumi config set berth:port/],
  [
    "no engine",
    {},
    { DOCKER_HOST: "unix:///nonexistent/docker.sock" },
    /no Docker engine answers at unix:\/\/\/nonexistent\/docker\.sock \(DOCKER_HOST; ENOENT\): start it, or run: npm run setup/,
  ],
  ["a wrong value", { replicas: "two" }, {}, /berth:replicas is "two": want a whole number from 1 to 100\. Fix: pulumi config set/],
  ["a mistyped key", { replica: 2 }, {}, /berth:replica is not a known key: did you mean berth:replicas\?/],
  ["a key that is not supported yet", { registry: "example.com" }, {}, /berth:registry is not supported yet/],
  ["a missing Dockerfile", { build: { context: "docs" } }, {}, /there is no docs\/Dockerfile|build\.context docs does not exist/],
  [
    "a release that never was",
    { release: "0123456789ab" },
    {},
    /berth:release is "0123456789ab", which is not in the ledger \(known: none yet\)/,
  ],
  [
    "a repository that cannot be reached",
    { build: { remoteContext: "git://127.0.0.1:1/none.git" } },
    {},
    /berth:build\.remoteContext git:\/\/127\.0\.0\.1:1\/none\.git cannot be fetched/,
  ],
  ["a plain secret", { secrets: { token: "abc" } }, {}, /berth:secrets\.token stands in the stack file in plain text/],
];

test.each(MISHAPS)("%s", async (_what, config, env, line) => {
  await app.configure(config);
  const saved = { ...app.env };
  Object.assign(app.env, env);
  const runs: Ran[] = [await app.pulumi("preview", "--stack", app.stack)];
  Object.keys(app.env).forEach((name) => delete app.env[name]);
  Object.assign(app.env, saved);
  for (const { code, output } of runs) {
    expect(output).toMatch(line);
    expect(output).not.toMatch(/\n\s+at .*\.[jt]s:\d+/); // no stack trace
    expect(
      output
        .split(DIAGNOSTICS)[1]
        ?.split("\n")
        .filter((text) => line.test(text)).length ?? 0,
    ).toBe(1);
    expect(code).not.toBe(0);
  }
  expect(await census(app.stack)).toEqual(nothing);
});
