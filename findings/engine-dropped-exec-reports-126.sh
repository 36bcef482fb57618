#!/usr/bin/env bash
# Guess:    when the client of an exec loses its connection, the command either is ended or goes on; if it goes on, the
#           exec's ExitCode is the command's own.
# Happens:  the command goes on to its end, untouched, and ends with 0; but once it has printed something nobody takes,
#           GET /exec/{id}/json says ExitCode 126 (the shell's "cannot be executed") for ever. A silent command keeps
#           its own code.
# Versions: engine 20.10.24 (API 1.41), dockerode 5.0.1.
# Matters:  after a lost connection the exit code of an exec cannot be asked for: 126 may be a full success. Have the
#           command leave its result in the container, or treat the outcome as unknown.
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
  const c = await create({ Entrypoint: ["cat"], OpenStdin: true, HostConfig: { Init: true } });
  await c.start();
  const run = async (drop) => {
    const mark = "/tmp/mark-" + (drop ? "dropped" : "read");
    const e = await c.exec({ Cmd: ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo $i; sleep 0.1; done; echo all >" + mark + "; exit 0"], AttachStdout: true, AttachStderr: true });
    const s = await e.start({ hijack: true, stdin: true }); s.on("error", () => {}); s.resume();
    if (drop) { await sleep(300); s.destroy(); }
    let i; for (let k = 0; k < 100; k++) { await sleep(100); i = await e.inspect(); if (!i.Running) break; }
    await sleep(300);
    const done = await c.infoArchive({ path: mark }).then((r) => { r.resume(); return true; }, () => false);
    console.log(drop ? "output dropped after 0.3 s:" : "output read to its end:", "ExitCode", i.ExitCode, "| command ran to its `exit 0`:", done);
    return { code: i.ExitCode, done };
  };
  const a = await run(false), b = await run(true);
  expect("read: 0", a.code === 0 && a.done);
  expect("dropped: the command goes on and ends with 0, the engine reports 126", b.code === 126 && b.done);
});
JS
node run.cjs
