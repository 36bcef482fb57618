import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseMirror } from "../../../toolchain/apt.ts";
import { askEngine, dockerHost, findImage } from "../../../toolchain/docker.ts";
import { engineNeed, usableEngine } from "../../../toolchain/engine.ts";
import { thisMachine } from "../../../toolchain/machine.ts";
import { UserError } from "../../../settings/userError.ts";

let folder: string;
let host: string;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-engine-"));
  host = `unix://${folder}/docker.sock`;
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** An engine that answers what it is told to: path to body. */
async function engine(answers: Readonly<Record<string, object>>): Promise<void> {
  const started = createServer((request, response) => {
    const answer = answers[(request.url ?? "").replace(/^\/v[\d.]+/, "")];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? { message: "no such object" }));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(join(folder, "docker.sock"), resolve));
}

const version = (api: string) => ({ "/version": { Version: "20.10.24", ApiVersion: api, Arch: "amd64" } });

test("the engine is the one of DOCKER_HOST, else the default socket", () => {
  expect(dockerHost({ DOCKER_HOST: "tcp://10.0.0.1:2375" })).toBe("tcp://10.0.0.1:2375");
  expect(dockerHost({ DOCKER_HOST: "" })).toBe("unix:///var/run/docker.sock");
});

test("an engine that answers is found with its version", async () => {
  await engine(version("1.41"));
  const need = engineNeed(thisMachine(folder, { DOCKER_HOST: host, BERTH_CACHE: folder }));
  expect(await need.look()).toEqual({ version: "20.10.24 (API 1.41)", place: host, from: "already on this machine" });
});

test("no socket is no engine", async () => {
  expect((await askEngine(host)).kind).toBe("absent");
  expect(usableEngine(await askEngine(host), host)).toBeUndefined();
});

test("an engine that is too old is an error that tells both versions", async () => {
  await engine(version("1.40"));
  const answer = await askEngine(host);
  expect(() => usableEngine(answer, host)).toThrow(UserError);
  expect(() => usableEngine(answer, host)).toThrow(
    `The Docker Engine at ${host} is too old: 20.10.24 with API 1.40, wanted API 1.41 or later`,
  );
});

test("a socket that may not be used is an error that tells how to get permission", () => {
  const answer = { kind: "forbidden", detail: "connect EACCES" } as const;
  expect(() => usableEngine(answer, host)).toThrow(/^Permission denied at the Docker socket .*: sudo usermod -aG docker \$USER$/);
});

test("an engine elsewhere that does not answer is never replaced by a new one", async () => {
  const need = engineNeed(thisMachine(folder, { DOCKER_HOST: host, BERTH_CACHE: folder }));
  const obstacles = await Promise.all(need.sources.map((source) => source.obstacle()));
  expect(obstacles).toEqual(need.sources.map(() => `DOCKER_HOST is ${host}, which does not answer`));
});

test("an image is found by its tag, with its labels", async () => {
  await engine({ "/images/a/b:1/json": { Id: "sha256:1", Config: { Labels: { made: "here" } } }, "/images/c:1/json": { Id: "sha256:2" } });
  expect(await findImage(host, "a/b:1")).toEqual({ id: "sha256:1", labels: { made: "here" } });
  expect(await findImage(host, "c:1")).toEqual({ id: "sha256:2", labels: {} });
  expect(await findImage(host, "d:1")).toBeUndefined();
});

describe("the Debian mirror", () => {
  const main = "Debian|Debian|bookworm|main|http://mirror/debian/";
  test.each([
    ["is the place of the release", [`Debian|Debian|trixie|main|http://other/debian/`, main], "http://mirror/debian"],
    [
      "is never a security or third-party archive",
      ["Debian|Debian-Security|bookworm-security|main|http://sec/", "x|y|bookworm|main|http://third/", main],
      "http://mirror/debian",
    ],
    [
      "is another release's where the machine has none of this one",
      ["Debian|Debian|trixie|main|http://other/debian"],
      "http://other/debian",
    ],
    ["is unknown on another distribution", ["Ubuntu|Ubuntu|noble|main|http://ubuntu/"], undefined],
    ["is unknown where apt knows nothing", [""], undefined],
  ])("%s", (_, lines, mirror) => {
    expect(chooseMirror(lines, "bookworm")).toBe(mirror);
  });
});
