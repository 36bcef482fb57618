import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { readEnvironment } from "../src/environment.ts";

test("an empty environment gives the defaults", () => {
  const defaults = {
    port: 8080,
    host: "0.0.0.0",
    dataDir: "/data",
    secretsDir: "/run/secrets",
    release: "development",
    replica: hostname(),
    greeting: "Hello",
  };
  assert.deepEqual(readEnvironment({}), defaults);
  assert.deepEqual(readEnvironment({ PORT: "", HOST: " ", DATA_DIR: "", BERTH_RELEASE: "", GREETING: "" }), defaults);
});

test("each variable is read", () => {
  const variables = {
    PORT: "3000",
    HOST: "::1",
    DATA_DIR: "/notes",
    BERTH_RELEASE: "r2",
    BERTH_REPLICA: "web-2",
    GREETING: "Ahoy",
  };
  assert.deepEqual(readEnvironment(variables), {
    port: 3000,
    host: "::1",
    dataDir: "/notes",
    secretsDir: "/run/secrets",
    release: "r2",
    replica: "web-2",
    greeting: "Ahoy",
  });
});

for (const port of ["http", "-1", "80.5", "65536", "0x50"]) {
  test(`PORT ${port} is refused with its value`, () => {
    assert.throws(() => readEnvironment({ PORT: port }), { message: new RegExp(`^PORT is "${port}": set it to a number`) });
  });
}
