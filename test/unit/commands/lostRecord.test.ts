import { refuseIfLost, unrecorded, unrecordedData } from "../../../commands/update/lostRecord.ts";
import { DECLARED, FOUND, foundWithout } from "../../support/stackView.ts";
import type { Declared } from "../../../stack/record.ts";

const EMPTY: Declared = {
  containers: [],
  networks: [],
  volumes: [],
  route: undefined,
  hasLongOutputs: false,
  pending: 0,
  empty: true,
  outputs: {},
};
const replicas = ["web-1", "web-2"];

test("what serves without any record is found", () => {
  expect(unrecorded(EMPTY, FOUND)).toEqual(replicas);
});

test("a record with any entry is not lost", () => {
  expect(unrecorded(DECLARED, FOUND)).toEqual([]);
  expect(unrecorded({ ...EMPTY, pending: 1, empty: false }, FOUND)).toEqual([]);
});

test("a gateway that does not answer, or is gone, may have led to the replicas", () => {
  expect(unrecorded(EMPTY, { ...FOUND, routes: "silent" })).toEqual(replicas);
  expect(unrecorded(EMPTY, { ...foundWithout("gateway"), routes: "none" })).toEqual(replicas);
});

test("what a first update has left that was cut off before its switch is not taken for a stack", () => {
  expect(unrecorded(EMPTY, { ...FOUND, routes: [] })).toEqual([]);
  expect(unrecorded(EMPTY, { ...FOUND, routes: [{ service: "app", host: "*", targets: ["gone:8080"], state: "running" }] })).toEqual([]);
});

test("a stack that was destroyed has no replicas, whatever became of its record", () => {
  expect(unrecorded(EMPTY, { ...FOUND, containers: [], routes: "none" })).toEqual([]);
});

test("data that no record names are told of before an update begins with empty ones", () => {
  expect(unrecordedData("dev", { declared: EMPTY, found: FOUND })).toBe(
    "data-1 of stack dev is on the engine, and Pulumi does not know of it: an update begins with empty data. To go on with these: npm run adopt -- --stack dev, before the update",
  );
  expect(unrecordedData("dev", { declared: DECLARED, found: FOUND })).toBeUndefined();
  expect(
    unrecordedData("dev", { declared: EMPTY, found: { ...FOUND, volumes: [{ name: "secrets-1", part: "secrets" }] } }),
  ).toBeUndefined();
});

test("the refusal names the stack, the replicas, the data and the ways out", () => {
  const refuse = () => refuseIfLost("dev", { declared: EMPTY, found: FOUND });
  expect(refuse).toThrow(
    /^Pulumi's record of stack dev is empty, but the engine runs it \(web-1, web-2\): bring the record back with npm run adopt -- --stack dev\. Nothing was changed\.\n/,
  );
  expect(refuse).toThrow("with an empty volume (not data-1)");
  expect(() => refuseIfLost("dev", { declared: DECLARED, found: FOUND })).not.toThrow();
});
