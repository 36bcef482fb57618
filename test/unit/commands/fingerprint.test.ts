import { takeFingerprint } from "../../../commands/plans/fingerprint.ts";
import type { PulumiCli } from "../../../stack/pulumiCli.ts";
import { listed, useEngine } from "../../support/useEngine.ts";

test("a fingerprint can be taken of this very checkout: all that it is made of is there", async () => {
  const containers = [
    listed("web-1"),
    listed("web-2", {}, "exited"),
    listed("copy", { "berth.part": "backup" }),
    listed("berth-dev-lock", { "berth.part": "lock" }),
  ];
  const engine = useEngine([
    { to: "info", json: { ID: "the engine's own" } },
    { to: "containers all", json: containers },
  ]);
  const cli = { root: process.cwd(), env: {}, read: () => Promise.resolve('{"release":"r1"}') } as unknown as PulumiCli;
  const print = await takeFingerprint(cli, "organization/berth/dev");
  expect(print).toMatchObject({ live: "r1", engine: "the engine's own", containers: { "web-1": "running", "web-2": "exited" } });
  expect(Object.keys(print.containers)).toHaveLength(2); // a backup and whoever holds the stack change nothing
  expect(print.program).toMatch(/^[0-9a-f]{16}$/);
  expect(engine.calls()).toContain("containers all label=berth.project=berth label=berth.stack=dev");
});
