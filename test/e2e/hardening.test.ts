/** Chapter 5 of the CIS Docker Benchmark, asked of every container that Berth made. */
import { Checkout } from "./support/checkout.ts";
import { docker, inspectAll, type Inspected } from "./support/engine.ts";

/** What a check wants of a container; an exception carries its reason. */
interface Check {
  readonly id: string;
  readonly what: string;
  readonly holds: (container: Inspected) => boolean;
  readonly except?: { readonly part: string; readonly because: string };
}

const host = (container: Inspected) => container.HostConfig;
const list = (value: unknown) => (value ?? []) as string[];
const SENSITIVE = /^\/(|boot|dev|etc|lib|proc|sys|usr|run\/docker\.sock|var\/run\/docker\.sock)$/;

const CHECKS: readonly Check[] = [
  {
    id: "4.1",
    what: "runs as a user other than root",
    holds: ({ Config }) => !["", "0", "root"].includes(Config.User.split(":")[0] ?? ""),
  },
  { id: "5.2", what: "AppArmor is not switched off", holds: (c) => !list(host(c)["SecurityOpt"]).includes("apparmor=unconfined") },
  { id: "5.3", what: "SELinux is not switched off", holds: (c) => !list(host(c)["SecurityOpt"]).includes("label=disable") },
  {
    id: "5.22",
    what: "the seccomp profile is not switched off",
    holds: (c) =>
      !list(host(c)["SecurityOpt"]).some((option) => option.includes("seccomp=unconfined") || option.includes("seccomp:unconfined")),
  },
  {
    id: "5.4",
    what: "no capability is left",
    holds: (c) => list(host(c)["CapDrop"]).includes("ALL") && list(host(c)["CapAdd"]).length === 0,
  },
  { id: "5.5", what: "is not privileged", holds: (c) => host(c)["Privileged"] === false },
  {
    id: "5.26",
    what: "gains no privileges",
    holds: (c) => list(host(c)["SecurityOpt"]).some((option) => /^no-new-privileges(:true)?$/.test(option)),
  },
  {
    id: "5.6",
    what: "sees no sensitive folder of the host",
    holds: (c) =>
      !(c.HostConfig.Mounts ?? []).some(({ Type, Source }) => Type === "bind" && SENSITIVE.test(Source)) &&
      list(c.HostConfig.Binds).length === 0,
  },
  { id: "5.18", what: "sees no device of the host", holds: (c) => list(host(c)["Devices"]).length === 0 },
  { id: "5.20", what: "shares no mount with the host", holds: (c) => c.Mounts.every(({ Propagation }) => Propagation !== "shared") },
  { id: "5.32", what: "does not see the engine's socket", holds: (c) => !JSON.stringify(c.Mounts).includes("docker.sock") },
  {
    id: "5.8, 5.9",
    what: "only the gateway publishes ports",
    holds: (c) => c.Config.Labels["berth.part"] === "gateway" || Object.keys(c.HostConfig.PortBindings ?? {}).length === 0,
  },
  {
    id: "5.14",
    what: "ports are bound to the named address",
    holds: (c) =>
      Object.values(c.HostConfig.PortBindings ?? {})
        .flat()
        .every(({ HostIp }) => HostIp === "127.0.0.1"),
  },
  { id: "5.10", what: "not in the host's network", holds: (c) => host(c)["NetworkMode"] !== "host" },
  { id: "5.16", what: "not among the host's processes", holds: (c) => host(c)["PidMode"] !== "host" },
  { id: "5.17", what: "not in the host's IPC", holds: (c) => host(c)["IpcMode"] === "private" },
  { id: "5.21", what: "not in the host's UTS", holds: (c) => host(c)["UTSMode"] !== "host" },
  { id: "5.31", what: "not in the host's user namespace by request", holds: (c) => host(c)["UsernsMode"] !== "host" },
  {
    id: "5.30",
    what: "is not on the default bridge",
    holds: (c) => !Object.keys(c.NetworkSettings.Networks).includes("bridge") && Object.keys(c.NetworkSettings.Networks).length === 1,
  },
  {
    id: "5.11",
    what: "has a memory limit, and no swap beyond it",
    holds: (c) => Number(host(c)["Memory"]) > 0 && host(c)["MemorySwap"] === host(c)["Memory"],
  },
  {
    id: "5.12",
    what: "has a processor limit and weight",
    holds: (c) => Number(host(c)["NanoCpus"]) > 0 && ![0, 1024].includes(Number(host(c)["CpuShares"])),
  },
  { id: "5.29", what: "has a limit of processes", holds: (c) => Number(host(c)["PidsLimit"]) > 0 },
  { id: "5.19", what: "the engine's ulimits stand", holds: (c) => list(host(c)["Ulimits"]).length === 0 },
  {
    id: "5.25",
    what: "its cgroup is the engine's",
    holds: (c) => ["", "docker", "docker.slice"].includes(String(host(c)["CgroupParent"])),
  },
  { id: "5.13", what: "its root file system is read-only", holds: (c) => host(c)["ReadonlyRootfs"] === true },
  { id: "5.27", what: "has a health check", holds: ({ Config }) => Config.Healthcheck !== undefined },
  {
    id: "5.15",
    what: "a restart is tried 5 times at the most",
    holds: (c) => c.HostConfig.RestartPolicy.Name === "on-failure",
    except: {
      part: "gateway web",
      because: "on-failure leaves containers down when the engine itself restarts; the gate keeps crash loops away from traffic",
    },
  },
  {
    id: "log",
    what: "its log is rotated",
    holds: ({ HostConfig: { LogConfig } }) => LogConfig.Config["max-size"] !== undefined && LogConfig.Config["max-file"] !== undefined,
  },
];

let app: Checkout;
let containers: Inspected[];
beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
  await app.secret("secrets.token", "x");
  await app.upOk();
  containers = await inspectAll(app.stack);
});
afterAll(() => app?.remove());

test.each(CHECKS)("CIS $id: $what", ({ holds, except }) => {
  expect(containers).toHaveLength(3);
  const offenders = containers
    .filter((container) => !holds(container))
    .filter(({ Config }) => !except?.part.includes(Config.Labels["berth.part"] ?? "-"));
  expect(offenders.map(({ Name }) => Name)).toEqual([]);
});

test("a replica cannot write its root, become root or fork without end", async () => {
  const [replica = ""] = await app.output<string[]>("replicas");
  const attempt = (program: string) => docker("exec", replica, "node", "-p", `try { ${program}; "done" } catch (error) { error.code }`);
  expect(await attempt('require("fs").writeFileSync("/srv-x", "")')).toBe("EROFS");
  expect(await attempt("process.setuid(0)")).toBe("EPERM");
  expect(await attempt('require("fs").writeFileSync("/data/probe", ""); require("fs").rmSync("/data/probe")')).toBe("done");
});
