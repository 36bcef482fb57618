import assert from "node:assert/strict";
import { test } from "node:test";
import { web } from "./helpers.ts";

test("/slow answers after the time asked for", async (t) => {
  const began = Date.now();
  const answer = await web(t).inject("/slow?ms=150");
  assert.ok(Date.now() - began >= 145);
  assert.deepEqual(answer.json(), { ms: 150, release: "r1", replica: "web-1" });
});

test("/stream sends a line each 100 ms and ends with `end`", async (t) => {
  const app = web(t);
  const answer = await app.inject("/stream?ms=250");
  assert.equal(answer.body, "0 ms\n100 ms\n200 ms\nend\n");
  assert.equal((await app.inject("/stream?ms=0")).body, "end\n");
});

for (const path of ["/slow?ms=-1", "/slow?ms=30001", "/slow?ms=x", "/stream?ms=30001"]) {
  test(`${path} is refused`, async (t) => {
    assert.equal((await web(t).inject(path)).statusCode, 400);
  });
}
