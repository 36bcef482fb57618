import { hardened, processors, REPLACE_ON_CHANGES } from "../../components/hardening.ts";

describe("a number of processors", () => {
  // What nanoInt64ToDecimalString of the Docker provider gives for these; it counts zeros, so whole tens end in a dot.
  test.each([
    [0.1, "0.1"],
    [0.3, "0.3"],
    [0.5, "0.5"],
    [1, "1.0"],
    [1.5, "1.5"],
    [2, "2.0"],
    [9.9, "9.9"],
    [10, "10."],
    [10.5, "10.5"],
    [12, "12.0"],
    [20, "20."],
    [99, "99.0"],
  ])("%d is written as the provider reads it back", (cpus, written) => {
    expect(processors(cpus)).toBe(written);
  });
});

test("a hardened container has exactly these inputs", () => {
  expect(hardened({ memory: 64.5 * 1024 ** 2, cpus: 0.5, cpuShares: 512 })).toEqual({
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m" },
    init: true,
    ipcMode: "private",
    cpus: "0.5",
    cpuShares: 512,
    memory: 64,
    memorySwap: 64,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    restart: "unless-stopped",
  });
});

test("every input that the provider would wrongly report as updated in place forces a new container", () => {
  expect([...REPLACE_ON_CHANGES].sort()).toEqual(["cpuPeriod", "cpuQuota", "healthcheck", "init", "mounts", "tmpfs"]);
});
