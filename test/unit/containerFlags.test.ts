import { containerFlags, type PlainContainer } from "../../components/containerFlags.ts";
import { replicaArgs } from "../../components/replicas.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";

const replica = (settings: Parameters<typeof carried>[0] = {}) =>
  replicaArgs({ owner: OWNER, release: releaseOf({ settings: carried(settings) }), imageId: "sha256:1111", network: "net-1", volumes: { data: "data-1" }, secrets: { volume: "secrets-1", hashes: '{"pin":"0badcafe0bad"}' } }, 0) as PlainContainer;

test("the options of docker create say all that a replica's inputs say, its restarts, its health check and its grace apart", () => {
  const settings = carried({ env: { GREETING: "hello world" }, binds: [{ source: "/srv/a", target: "/a", readOnly: true }] });
  expect(containerFlags(replica(settings))).toEqual([
    "--network", "net-1",
    "--user", "1000:1000",
    "--env", "BERTH_RELEASE=3f9a1c2b7d4e",
    "--env", "BERTH_REPLICA=0",
    "--env", "GREETING=hello world",
    "--env", "PORT=8080",
    "--label", "berth.project=berth",
    "--label", "berth.stack=dev",
    "--label", "berth.part=web",
    "--label", "berth.release=3f9a1c2b7d4e",
    "--label", expect.stringMatching(/^berth\.settings=\{"binds":\[\{/) as string,
    "--label", 'berth.secrets={"pin":"0badcafe0bad"}',
    "--mount", "type=volume,source=data-1,target=/data",
    "--mount", "type=bind,source=/srv/a,target=/a,readonly",
    "--mount", "type=volume,source=secrets-1,target=/run/secrets,readonly",
    "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges:true",
    "--read-only",
    "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,mode=1777,size=64m",
    "--init",
    "--ipc", "private",
    "--cpus", "1.0",
    "--cpu-shares", "512",
    "--memory", "512m",
    "--memory-swap", "512m",
    "--log-driver", "json-file",
    "--log-opt", "max-size=10m",
    "--log-opt", "max-file=3",
  ]);
});

test("no input is forgotten: each that a replica has is an option, or is left out on purpose", () => {
  const left = ["image", "restart", "destroyGraceSeconds"]; // given apart; a job ends once, and is not replaced
  const inputs = Object.keys(replica()).filter((input) => !left.includes(input));
  for (const input of inputs) expect({ input, flags: containerFlags({ ...replica(), [input]: undefined }).length }).not.toEqual({ input, flags: containerFlags(replica()).length });
});

test("the image's own user is kept where that is asked for", () => {
  expect(containerFlags(replica({ user: "image" }))).not.toContain("--user");
});

test("of nothing there is nothing to say", () => {
  expect(containerFlags({ image: "sha256:1111" })).toEqual([]);
});

test("a comma or a quote in a path stays part of it", () => {
  expect(containerFlags(replica({ volumes: [], binds: [{ source: '/srv/a,b "c"', target: "/a,b", readOnly: true }] })).filter((flag) => flag.startsWith("type=bind"))).toEqual([
    'type=bind,"source=/srv/a,b ""c""","target=/a,b",readonly',
  ]);
});
