/** What the seed step asks of the engine where it must not write; that it fills a volume is for the end-to-end tests. */
import { fakeDocker } from "../../support/fakeDocker.ts";
import { OWNER } from "../../support/configuration.ts";
import { runStep } from "../../support/step.ts";

const INPUT = { owner: OWNER, volume: "data-1", target: "/data", seed: "seed", image: "sha256:1111", user: null };
const created = { to: "create", stdout: "helper-1" };

test("a path that the image does not have is told of, and the helper goes", async () => {
  const docker = fakeDocker([{ to: "ps" }, created, { to: "cp", exit: 1 }, { to: "rm" }]);
  const { code, stderr } = await runStep("seed", { ...INPUT, seed: { image: "/nowhere" } }, docker);
  expect(stderr).toBe("the image has no /nowhere, which a new volume at /data is to begin with\n");
  expect(code).toBe(1);
  expect(docker.calls().at(-1)).toEqual(["rm", "--force", "helper-1"]);
});

test("one that was cut off goes on without asking whether the volume is empty", async () => {
  const docker = fakeDocker([{ to: "ps", stdout: "berth-dev-seed-data-1" }, created, { to: "cp", exit: 1 }, { to: "rm" }]);
  await runStep("seed", { ...INPUT, seed: { image: "/nowhere" } }, docker);
  expect(docker.calls().filter(([verb]) => verb === "create")).toEqual([
    expect.arrayContaining(["--name", "berth-dev-seed-data-1"]),
    expect.not.arrayContaining(["--name"]), // to read from
  ]);
});
