import { containerSpec, type PlainContainer } from "../../components/containerSpec.ts";
import { replicaArgs } from "../../components/replicas.ts";
import { carried, OWNER, releaseOf } from "../support/configuration.ts";

const replica = (settings: Parameters<typeof carried>[0] = {}) =>
  replicaArgs(
    {
      owner: OWNER,
      release: releaseOf({ settings: carried(settings) }),
      imageId: "sha256:1111",
      network: "net-1",
      volumes: { data: "data-1" },
      secrets: { volume: "secrets-1", hashes: '{"pin":"0badcafe0bad"}' },
    },
    0,
  ) as PlainContainer;

test("the engine is told all that a replica's inputs say, its restarts, its health check and its grace apart", () => {
  const settings = carried({ env: { GREETING: "hello world" }, binds: [{ source: "/srv/a", target: "/a", readOnly: true }] });
  expect(containerSpec(replica(settings), 64)).toEqual({
    Image: "sha256:1111",
    User: "1000:1000",
    Env: ["BERTH_RELEASE=3f9a1c2b7d4e", "BERTH_REPLICA=0", "GREETING=hello world", "PORT=8080"],
    Labels: {
      "berth.project": "berth",
      "berth.stack": "dev",
      "berth.part": "web",
      "berth.release": "3f9a1c2b7d4e",
      "berth.settings": expect.stringMatching(/^\{"binds":\[\{/) as string,
      "berth.secrets": '{"pin":"0badcafe0bad"}',
    },
    HostConfig: {
      NetworkMode: "net-1",
      Mounts: [
        { Type: "volume", Source: "data-1", Target: "/data" },
        { Type: "bind", Source: "/srv/a", Target: "/a", ReadOnly: true },
        { Type: "volume", Source: "secrets-1", Target: "/run/secrets", ReadOnly: true },
      ],
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m" },
      Init: true,
      IpcMode: "private",
      NanoCpus: 1e9,
      CpuShares: 512,
      Memory: 512 * 1024 ** 2,
      MemorySwap: 512 * 1024 ** 2,
      PidsLimit: 64,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    },
  });
});

test("no input is forgotten: each that a replica has is told, or is left out on purpose", () => {
  // Given apart; a job ends once, and is not replaced; part of the driver's
  const left = ["image", "restart", "destroyGraceSeconds", "logOpts"];
  const inputs = Object.keys(replica()).filter((input) => !left.includes(input));
  for (const input of inputs)
    expect({ input, spec: containerSpec({ ...replica(), [input]: undefined }) }).not.toEqual({ input, spec: containerSpec(replica()) });
  expect(containerSpec({ ...replica(), logOpts: {} })).not.toEqual(containerSpec(replica()));
});

test("the image's own user is kept where that is asked for", () => {
  expect(containerSpec(replica({ user: "image" }))).not.toHaveProperty("User");
});

test("a command takes the place of the image's", () => {
  expect(containerSpec({ ...replica(), command: ["migrate"] })).toMatchObject({ Cmd: ["migrate"] });
});

test("a part of a processor is told to the billionth", () => {
  expect(containerSpec({ image: "sha256:1111", cpus: "0.3" })).toMatchObject({ HostConfig: { NanoCpus: 300_000_000 } });
});

test("of nothing there is nothing to say", () => {
  expect(containerSpec({ image: "sha256:1111" })).toEqual({ Image: "sha256:1111", Labels: {}, HostConfig: {} });
});

test("a comma or a quote in a path stays part of it", () => {
  expect(
    containerSpec(replica({ volumes: [], binds: [{ source: '/srv/a,b "c"', target: "/a,b", readOnly: true }] })).HostConfig?.Mounts,
  ).toContainEqual({ Type: "bind", Source: '/srv/a,b "c"', Target: "/a,b", ReadOnly: true });
});
