import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { lookAtBinds } from "../../preflight/binds.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";
import { temporaryFolder } from "../support/folders.ts";

const release = (...sources: string[]) => releaseOf({ settings: carried({ binds: sources.map((source) => ({ source, target: "/x", readOnly: true })) }) });

/** An engine whose host is this machine: its containers are folders of the fake's, and `docker cp` is tar. */
function fakeEngine(images = "sha256:1") {
  const asked: string[][] = [];
  const docker = (...words: string[]): Promise<string> => {
    asked.push(words);
    if (words[0] === "image") return Promise.resolve(images);
    if (words[0] === "create" && words.join(" ").includes("nowhere")) return Promise.reject(Object.assign(new Error("failed"), { stderr: "bind source path does not exist: nowhere" }));
    if (words[0] === "create" && words.join(" ").includes("forbidden")) return Promise.reject(Object.assign(new Error("failed"), { stderr: "permission denied" }));
    return Promise.resolve(/source=([^,]*),/.exec(words.join(" "))?.[1] ?? "");
  };
  return { docker, asked };
}

/** Puts a `docker` on PATH that packs what the fake's container stands for. */
function withTar<T>(work: () => Promise<T>): Promise<T> {
  const folder = temporaryFolder({ docker: { text: '#!/bin/sh\nsource="${3%:/berth-bind}"\nexec tar --create --file - --directory "$(dirname "$source")" "$(basename "$source")"\n', mode: 0o755 } });
  const before = process.env["PATH"];
  process.env["PATH"] = `${folder}:${before}`;
  return work().finally(() => (process.env["PATH"] = before));
}

test("a file is known by its bytes, and neither by its times nor by its owner; a folder is not read", async () => {
  const folder = temporaryFolder({ "a.conf": "one", "b.conf": "two" });
  const [a, b] = [join(folder, "a.conf"), join(folder, "b.conf")];
  const look = () => withTar(() => lookAtBinds(OWNER, [release(a, b), release(folder, a)], fakeEngine().docker));
  const first = await look();
  expect(first.problems).toEqual([]);
  expect(Object.keys(first.hashes)).toEqual([a, b]);
  expect(first.hashes[a]).toMatch(/^[0-9a-f]{12}$/);
  expect(first.hashes[a]).not.toBe(first.hashes[b]);
  spawnSync("touch", ["--date", "2001-01-01", a]);
  expect(await look()).toEqual(first);
  spawnSync("sh", ["-c", `printf tWo > ${b}`]);
  const changed = await look();
  expect([changed.hashes[a], changed.hashes[b] === first.hashes[b]]).toEqual([first.hashes[a], false]);
});

test("a source that is not there, or cannot be used, is told of by its place in the configuration", async () => {
  const { docker, asked } = fakeEngine();
  const { problems } = await lookAtBinds(OWNER, [release("/srv/nowhere", "/srv/forbidden")], docker);
  expect(problems).toEqual([
    "berth:binds[0].source is /srv/nowhere, which does not exist on the engine's host: make it, or remove the entry",
    "berth:binds[1].source is /srv/forbidden, which cannot be used: permission denied",
  ]);
  expect(asked.filter(([verb]) => verb === "create")[0]).toEqual(["create", "--label", "berth.project=berth", "--label", "berth.stack=dev", "--label", "berth.part=helper", "--network", "none", "--mount", "type=bind,source=/srv/nowhere,target=/berth-bind,readonly", "sha256:1", "never-started"]);
});

test("without binds, and on an engine without an image, nothing is made", async () => {
  for (const [releases, images] of [[[release()], "sha256:1"], [[release("/srv/files")], ""]] as const) {
    const { docker, asked } = fakeEngine(images);
    expect(await lookAtBinds(OWNER, releases, docker)).toEqual({ problems: [], hashes: {} });
    expect(asked.filter(([verb]) => verb === "create")).toEqual([]);
  }
});
