#!/usr/bin/env bash
# Guess:    an address given to new Docker({...}) wins over the environment.
# Happens:  options are laid OVER those read from the environment, not in their place: under DOCKER_HOST=tcp://... an
#           explicit socketPath is ignored, because the host of the environment is still there and a host beats a socket.
# Versions: dockerode 5.0.1, docker-modem 5.0.7.
# Matters:  a program may reach another engine than the one that was named. Give host: undefined beside socketPath.
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
const { execFileSync } = require("node:child_process");
main(async () => {
  const child = (env, code) => execFileSync(process.execPath, ["-e", code], { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, encoding: "utf8" }).trim();
  const where = engine.modem.host ? null : await engine.modem.getSocketPath();
  const a = child({ DOCKER_HOST: "tcp://127.0.0.1:9" }, `const D=require("dockerode");new D({socketPath:${JSON.stringify(where ?? "/var/run/docker.sock")}}).ping().then(()=>"engine answered",e=>e.message).then(console.log)`);
  expect("new Docker({socketPath}) under DOCKER_HOST=tcp://127.0.0.1:9: " + a, a.includes("127.0.0.1:9"));
});
JS
node run.cjs
