import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readEnvironment } from "../src/environment.ts";
import { temporaryFolder } from "./helpers.ts";

test("an empty environment gives the defaults", () => {
  const defaults = {
    port: 8080,
    host: "0.0.0.0",
    dataDir: "/data",
    databaseUrlFile: undefined,
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
    DATABASE_URL_FILE: "/urls/notes",
    BERTH_RELEASE: "r2",
    BERTH_REPLICA: "web-2",
    GREETING: "Ahoy",
  };
  assert.deepEqual(readEnvironment(variables), {
    port: 3000,
    host: "::1",
    dataDir: "/notes",
    databaseUrlFile: "/urls/notes",
    secretsDir: "/run/secrets",
    release: "r2",
    replica: "web-2",
    greeting: "Ahoy",
  });
});

test("a secret of the name database-url is taken, unless another file is named", (t) => {
  const folder = temporaryFolder(t);
  assert.equal(readEnvironment({}, folder).databaseUrlFile, undefined);
  writeFileSync(join(folder, "database-url"), "postgres://user@database/notes");
  assert.equal(readEnvironment({}, folder).databaseUrlFile, join(folder, "database-url"));
  assert.equal(readEnvironment({ DATABASE_URL_FILE: "/urls/notes" }, folder).databaseUrlFile, "/urls/notes");
});

for (const port of ["http", "-1", "80.5", "65536", "0x50"]) {
  test(`PORT ${port} is refused with its value`, () => {
    assert.throws(() => readEnvironment({ PORT: port }), { message: new RegExp(`^PORT is "${port}": set it to a number`) });
  });
}
