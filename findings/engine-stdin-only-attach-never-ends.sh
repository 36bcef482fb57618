#!/usr/bin/env bash
# Guess:    the engine closes an attach connection when the container ends, whatever streams were asked for.
# Happens:  with stdin=1 alone the connection stays open after the container was killed AND removed; no end, no close,
#           no error for as long as the client writes nothing. The first write afterwards still succeeds, and only it makes
#           the engine notice and close. With stdout=1 as well the connection is closed at once.
# Versions: engine 20.10.24 (API 1.41), dockerode 5.0.1.
# Matters:  whoever holds something by an attached stdin (a lock, say) and attaches stdin only never learns that
#           somebody removed it. Attach stdout too, even where nothing is ever printed, and read it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts dockerode@5.0.1 docker-modem@5.0.7 >npm.log 2>&1 || { cat npm.log; exit 3; }
export IMAGE=${IMAGE:-node:24-bookworm-slim}
cat >run.cjs <<'JS'
const Docker = require("dockerode");
const engine = new Docker(), IMAGE = process.env.IMAGE;
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const within = (p, ms) => Promise.race([p.then((v) => ["settled", v], (e) => ["settled", e]), sleep(ms).then(() => ["pending"])]);
const name = "finding-" + process.pid + "-" + Math.random().toString(36).slice(2, 8);
const mine = [];
const create = async (body, tail = "") => {
  const c = await engine.createContainer({ _query: { name: name + tail }, _body: { Image: IMAGE, ...body, HostConfig: { NetworkMode: "none", ...body.HostConfig } } });
  mine.push(c); return c;
};
const finish = async (code) => { for (const c of mine) await c.remove({ force: true, v: true }).catch(() => {}); process.exit(code); };
const checks = [];
const expect = (what, is) => { checks.push(is); console.log((is ? "as found:  " : "CHANGED:   ") + what); };
const versions = async () => {
  const v = await engine.version();
  console.log("engine", v.Version, "API", v.ApiVersion, "| dockerode", require("dockerode/package.json").version, "docker-modem", require("docker-modem/package.json").version, "| node", process.version);
};
const main = async (run) => {
  setTimeout(() => { console.log("out of time"); finish(4); }, 60000).unref();
  try { await versions(); await engine.getImage(IMAGE).inspect().catch(() => { throw new Error("the engine needs the image " + IMAGE + " (or set IMAGE to one with sh, cat and dd)"); }); await run(); }
  catch (e) { console.log("failed:", e.message); await finish(3); }
  await finish(checks.length && checks.every(Boolean) ? 0 : 1);
};
main(async () => {
  for (const stdout of [true, false]) {
    const c = await create({ Entrypoint: ["cat"], OpenStdin: true, StdinOnce: true, AttachStdin: true }, stdout ? "-both" : "-stdin");
    const s = await c.attach({ hijack: true, stream: true, stdin: true, stdout });
    s.on("error", () => {}); s.resume();
    let ended = false; s.on("end", () => { ended = true; }); s.on("close", () => { ended = true; });
    await c.start(); await sleep(300);
    await c.remove({ force: true });
    for (let i = 0; i < 50 && !ended; i++) await sleep(100);
    const gone = await c.inspect().then(() => false, (e) => e.statusCode === 404);
    if (stdout) expect("stdin and stdout attached: container gone " + gone + ", connection ended " + ended, gone && ended);
    else {
      const silent = !ended;
      const wrote = await new Promise((r) => s.write("x\n", (e) => r(!e)));
      await sleep(500);
      expect("stdin alone attached: container gone " + gone + ", connection silent for 5 s: " + silent + "; a write then succeeds: " + wrote + ", and only that ends it: " + ended, gone && silent && wrote && ended);
    }
    s.destroy();
  }
});
JS
node run.cjs
