/** What `npm run chaos -- --questions` makes of what is asked. */
import { excuseFor } from "../chaos/questions/excuses.ts";
import { kindOf, type Question } from "../chaos/questions/standIn.ts";
import { casesOf } from "../chaos/questions/strike.ts";
import type { Subject } from "../chaos/questions/subjects.ts";

const ID = "0123456789abcdef".repeat(4);
const subject: Subject = { name: "up", run: () => Promise.reject(new Error("not here")) };
const asked = (who: string, kind: string, number: number): Question => ({ who, kind, number, what: kind });

test.each([
  ["/v1.41/containers/x/json", "container berth-dev-web-1-0abcdef", "container web-1"],
  ["/v1.41/containers/x/json", `container ${ID}`, "container …"],
  ["/v1.41/containers/x/json", "container berth-dev-migration-3f9a1c2b7d4e", "container migration-…"],
  [
    "/v1.41/exec/1/start",
    "to run kamal-proxy list in container berth-dev-gateway-proxy-0abcdef",
    "to run kamal-proxy list in container gateway-proxy (what it prints)",
  ],
  ["/v1.41/containers/x/logs?follow=true", "the log of container berth-dev-web-1-0abcdef", "the log of container web-1 (as it comes)"],
])("a question is known again in another run: %s, %s", (url, what, kind) => expect(kindOf(url, what, "dev")).toBe(kind));

test("each question is struck with each fault, and those of another's steps with one, in turn", () => {
  const questions = [asked("up", "a", 1), asked("gate", "b", 1), asked("gate", "b", 2), asked("gate", "c", 1)];
  const faults = (more: Partial<Subject>) =>
    casesOf({ ...subject, ...more }, questions).map(({ kind, number, fault }) => `${kind}${number} ${fault}`);
  expect(faults({})).toHaveLength(12);
  expect(faults({ most: 1, once: (who) => who === "gate" })).toEqual(["a1 error", "a1 break", "a1 silence", "b1 break", "c1 silence"]);
});

test("only what is listed may go on, and where it has to say so, only if it does", () => {
  const list = { who: "drift", kind: "a list of containers", number: 1, fault: "error" } as const;
  const gate = { ...list, who: "gate" };
  expect([excuseFor(list, ""), excuseFor(gate, ""), excuseFor(gate, "once more, because it broke")]).toEqual([
    undefined,
    undefined,
    expect.stringContaining("done again"),
  ]);
});
