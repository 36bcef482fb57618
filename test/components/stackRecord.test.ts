import * as pulumi from "@pulumi/pulumi";
import { StackRecord } from "../../components/stackRecord.ts";
import { declare } from "../support/program.ts";
import { Secret, stepInput } from "../support/values.ts";

const PAST = { releases: [{ time: "2026", name: "r1" }], dataVolumes: ["data"], key: pulumi.secret("abc") };
const declareRecord = () => declare(() => ({ record: new StackRecord("app-record", { gateway: "gw", past: PAST, live: "" }) }));

test("ledger, data volumes and key reach the step as a secret by standard input, and in no other way", async () => {
  const { inputs } = (await declareRecord()).get("app-record-copy");
  expect(inputs["stdin"]).toEqual(new Secret('{"dataVolumes":["data"],"key":"abc","releases":[{"name":"r1","time":"2026"}]}'));
  expect(stepInput(inputs)).toEqual({ gateway: "gw" });
});
