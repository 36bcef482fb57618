import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { isLocal, resolveAddress } from "../../../docker/address.ts";
import { temporaryFolder } from "../../support/folders.ts";

const idOf = (name: string) => createHash("sha256").update(name).digest("hex");
const context = (name: string, host: string) => ({
  [`contexts/meta/${idOf(name)}/meta.json`]: JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
});
const home = temporaryFolder();

test("the stack's own engine comes first, then DOCKER_HOST, then the selected context", () => {
  const folder = temporaryFolder({ "config.json": JSON.stringify({ currentContext: "work" }), ...context("work", "tcp://work:2375") });
  const env = { DOCKER_HOST: "unix:///theirs.sock", DOCKER_CONFIG: folder };
  expect(resolveAddress({ configured: "tcp://prod:2375", env, home })).toEqual({ host: "tcp://prod:2375", from: "docker:host" });
  expect(resolveAddress({ env, home })).toEqual({ host: "unix:///theirs.sock", from: "DOCKER_HOST" });
  expect(resolveAddress({ env: { DOCKER_CONFIG: folder }, home })).toEqual({ host: "tcp://work:2375", from: "Docker context work" });
});

test("DOCKER_CONTEXT wins over the one that is selected, and default is none", () => {
  const folder = temporaryFolder({
    "config.json": JSON.stringify({ currentContext: "work" }),
    ...context("work", "tcp://work:2375"),
    ...context("home", "unix:///home.sock"),
  });
  expect(resolveAddress({ env: { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "home" }, home })).toEqual({
    host: "unix:///home.sock",
    from: "Docker context home",
  });
  expect(resolveAddress({ env: { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "default" }, home }).from).toBe("the usual socket");
});

test("a context brings its certificates along", () => {
  const folder = temporaryFolder({ ...context("work", "tcp://work:2376"), [`contexts/tls/${idOf("work")}/docker/ca.pem`]: "" });
  expect(resolveAddress({ env: { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "work" }, home }).certificates).toBe(
    join(folder, "contexts/tls", idOf("work"), "docker"),
  );
});

test("DOCKER_TLS_VERIFY takes the certificates of DOCKER_CERT_PATH, for an engine by the network alone", () => {
  const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certificates" };
  expect(resolveAddress({ env: { ...env, DOCKER_HOST: "tcp://prod:2376" }, home }).certificates).toBe("/certificates");
  expect(resolveAddress({ env: { ...env, DOCKER_HOST: "unix:///a.sock" }, home }).certificates).toBeUndefined();
});

test("a context that is not there, or cannot be read, is an error and never another engine", () => {
  expect(() => resolveAddress({ env: { DOCKER_CONFIG: home, DOCKER_CONTEXT: "gone" }, home })).toThrow(
    "the Docker context gone is selected, and there is none: docker context ls",
  );
  const broken = temporaryFolder({ "config.json": "{" });
  expect(() => resolveAddress({ env: { DOCKER_CONFIG: broken }, home })).toThrow(/config\.json cannot be read, mend it/);
});

test("of the usual sockets the first that is there is taken, those without root included", async () => {
  const runtime = temporaryFolder();
  const socket = createServer().listen(join(runtime, "docker.sock"));
  const { host } = resolveAddress({ env: { XDG_RUNTIME_DIR: runtime }, home });
  await new Promise((resolve) => socket.close(resolve));
  // Where this machine has the usual one, that comes first
  expect([`unix://${join(runtime, "docker.sock")}`, "unix:///var/run/docker.sock"]).toContain(host);
});

test.each([
  ["unix:///a.sock", true],
  ["tcp://127.0.0.1:2375", false],
  ["ssh://me@host", false],
])("the ports of %s are this machine's: %p", (host, local) => {
  expect(isLocal({ host, from: "" })).toBe(local);
});
