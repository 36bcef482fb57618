import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download, publishedChecksum, siteObstacle } from "../../../toolchain/download.ts";
import { goPlatform, thisMachine } from "../../../toolchain/machine.ts";
import { meet } from "../../../toolchain/need.ts";
import { commandPluginNeed } from "../../../toolchain/plugin.ts";
import { pulumiNeed } from "../../../toolchain/pulumi.ts";
import { VERSIONS } from "../../../toolchain/versions.ts";

const { os, arch } = goPlatform();
const CLI_NAME = `pulumi-v${VERSIONS.pulumi}-${os}-${arch === "amd64" ? "x64" : arch}.tar.gz`;
const CLI_SUMS = `pulumi-${VERSIONS.pulumi}-checksums.txt`;
const PLUGIN_NAME = `pulumi-resource-command-v${VERSIONS.commandPlugin}-${os}-${arch}.tar.gz`;

const before = process.env;
let work: string;
let server: Server | undefined;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "berth-download-"));
});
afterEach(() => {
  process.env = before;
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(work, { recursive: true });
});

/** Serves on loopback and returns the site's address. A site of its own for each test: each is asked only once. */
async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

/** Serves files by their names, as the official site does. */
function serveFiles(files: Readonly<Record<string, Buffer | string>>): Promise<string> {
  return serve((request, response) => {
    const content = files[(request.url ?? "").slice(1)];
    response.statusCode = content === undefined ? 404 : 200;
    response.end(request.method === "HEAD" ? undefined : content);
  });
}

/** A .tar.gz with executable scripts: path to text. */
function archive(scripts: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(work, "archive-"));
  for (const [path, text] of Object.entries(scripts)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  }
  return execFileSync("tar", ["-czf", "-", "-C", folder, "."]);
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
const noReport = () => {};

/** A machine with nothing on it, whose official site is `site`. */
function bareMachine(site: string) {
  process.env = {
    HOME: work,
    PATH: "/usr/bin:/bin",
    BERTH_CACHE: join(work, "cache"),
    BERTH_PULUMI_URL: site,
    BERTH_PLUGINS_URL: site,
  };
  const checkout = join(work, "checkout");
  for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-command"]) {
    mkdirSync(join(checkout, "toolchain/go", name), { recursive: true });
  }
  return thisMachine(checkout);
}

/** The need without its other sources, so that nothing is built in a test. */
const officialOnly = <T extends { sources: readonly { from: string }[] }>(need: T): T => ({
  ...need,
  sources: need.sources.filter((source) => source.from === "official download"),
});

describe("a site", () => {
  test("that answers is in reach, and is asked once for all needs", async () => {
    const asked = jest.fn();
    const site = await serve((request, response) => {
      asked(request.method);
      response.end();
    });
    expect(await Promise.all([siteObstacle(`${site}/a`), siteObstacle(`${site}/b`)])).toEqual([undefined, undefined]);
    expect(asked.mock.calls).toEqual([["HEAD"]]);
  });

  test("that wants a login, as a container registry does, is in reach", async () => {
    const site = await serve((_, response) => response.writeHead(401).end());
    expect(await siteObstacle(`${site}/v2/`)).toBeUndefined();
  });

  test("that has no such file is out of reach", async () => {
    const site = await serveFiles({});
    expect(await siteObstacle(`${site}/missing`)).toBe(`${site} answered 404`);
  });

  test("that nobody serves is out of reach", async () => {
    const site = await serveFiles({});
    await new Promise((resolve) => server?.close(resolve));
    expect(await siteObstacle(`${site}/x`)).toMatch(/ is out of reach \(.*ECONNREFUSED/);
  });

  test("that is slow is out of reach after 3 s", async () => {
    const site = await serve(() => {}); // never answers
    const started = performance.now();
    expect(await siteObstacle(`${site}/x`)).toBe(`${site} is out of reach (no answer in 3 s)`);
    expect(performance.now() - started).toBeLessThan(3500);
  });
});

describe("a download", () => {
  test("is written and tells how far it is", async () => {
    const content = Buffer.alloc(3_000_000, "x");
    const site = await serve((_, response) => response.writeHead(200, { "content-length": content.length }).end(content));
    const reports: string[] = [];
    await download(`${site}/file`, join(work, "file"), sha256(content), (text) => reports.push(text));
    expect(readFileSync(join(work, "file")).equals(content)).toBe(true);
    expect(reports.at(-1)).toBe("downloading 3 of 3 MB");
  });

  test("with another digest than the site publishes fails and leaves no file", async () => {
    const site = await serveFiles({ file: "tampered" });
    const wanted = sha256(Buffer.from("original"));
    await expect(download(`${site}/file`, join(work, "file"), wanted, noReport)).rejects.toThrow(
      `the site's list of checksums says ${wanted}`,
    );
    expect(existsSync(join(work, "file"))).toBe(false);
  });

  test("that is cut off fails and leaves no file", async () => {
    const site = await serve((_, response) => {
      response.writeHead(200, { "content-length": 5_000_000 });
      response.write(Buffer.alloc(2_000_000), () => response.destroy());
    });
    await expect(download(`${site}/file`, join(work, "file"), undefined, noReport)).rejects.toThrow(/was cut off after [12] MB/);
    expect(existsSync(join(work, "file"))).toBe(false);
  });

  test("a checksum is found by the file's name, in both usual layouts of a list", async () => {
    const site = await serveFiles({ sums: "aa  other.tar.gz\nBB  file.tar.gz\ncc *third.tar.gz\n" });
    expect(await publishedChecksum(`${site}/sums`, "file.tar.gz")).toBe("bb");
    expect(await publishedChecksum(`${site}/sums`, "third.tar.gz")).toBe("cc");
    await expect(publishedChecksum(`${site}/sums`, "none")).rejects.toThrow(`${site}/sums has no checksum for none`);
  });
});

describe("the Pulumi CLI's official download", () => {
  const cli = () => archive({ "pulumi/pulumi": "#!/bin/sh\n", "pulumi/pulumi-language-nodejs": "#!/bin/sh\n" });

  test("gives the folder that holds both programs, and is found again without the site", async () => {
    const content = cli();
    const machine = bareMachine(await serveFiles({ [CLI_NAME]: content, [CLI_SUMS]: `${sha256(content)}  ${CLI_NAME}\n` }));
    const found = await meet(
      officialOnly(pulumiNeed(machine)),
      () => noReport,
      async () => {},
    );
    expect(found).toMatchObject({ version: VERSIONS.pulumi, from: "official download" });
    expect(existsSync(join(found.place, "pulumi"))).toBe(true);
    server?.close();
    expect(await pulumiNeed(machine).look()).toEqual(found);
  });

  test.each([
    ["a wrong checksum", (site: Buffer) => ({ [CLI_NAME]: site, [CLI_SUMS]: `00  ${CLI_NAME}\n` }), "list of checksums says 00"],
    ["no list of checksums", (site: Buffer) => ({ [CLI_NAME]: site }), "answered 404"],
    ["no such version", () => ({}), "answered 404"],
  ])("falls through with %s", async (_, files, reason) => {
    const machine = bareMachine(await serveFiles(files(cli())));
    const need = officialOnly(pulumiNeed(machine));
    await expect(
      meet(
        need,
        () => noReport,
        async () => {},
      ),
    ).rejects.toThrow(reason);
    expect(await need.look()).toBeUndefined();
  });

  test("falls through with an archive of another layout", async () => {
    const content = archive({ "bin/pulumi": "#!/bin/sh\n" });
    const machine = bareMachine(await serveFiles({ [CLI_NAME]: content, [CLI_SUMS]: `${sha256(content)}  ${CLI_NAME}\n` }));
    const need = officialOnly(pulumiNeed(machine));
    await expect(
      meet(
        need,
        () => noReport,
        async () => {},
      ),
    ).rejects.toThrow("holds no pulumi/pulumi");
  });
});

describe("a plugin's official download", () => {
  // Stands in for the Pulumi CLI: copies the folder given with --file to where Pulumi keeps the plugin.
  const installer =
    '#!/bin/sh\n[ "$1" = version ] && exec echo v3.999.0\necho "$@" > "$HOME/asked"\n' +
    'to="$PULUMI_HOME/plugins/resource-$4-v$5"; mkdir -p "$to"; cp -r "$7/." "$to"\n';

  function machineWithCli(site: string) {
    const machine = bareMachine(site);
    const bin = join(work, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "pulumi"), installer, { mode: 0o755 });
    writeFileSync(join(bin, "pulumi-language-nodejs"), "#!/bin/sh\n", { mode: 0o755 });
    process.env.PATH = `${bin}:${process.env.PATH}`;
    return machine;
  }

  test("is unpacked and handed to the CLI, which installs it", async () => {
    const machine = machineWithCli(await serveFiles({ [PLUGIN_NAME]: archive({ "pulumi-resource-command": "#!/bin/sh\n" }) }));
    const waitFor = jest.fn(async () => {});
    const found = await meet(officialOnly(commandPluginNeed(machine)), () => noReport, waitFor);
    expect(found).toMatchObject({ version: VERSIONS.commandPlugin, from: "already on this machine" });
    expect(waitFor).toHaveBeenCalledWith("pulumi");
    const asked = readFileSync(join(work, "asked"), "utf8");
    expect(asked).toMatch(new RegExp(`^plugin install resource command ${VERSIONS.commandPlugin} --file \\S+ --reinstall`));
  });

  test("that is not on the site falls through", async () => {
    const machine = machineWithCli(await serveFiles({}));
    await expect(
      meet(
        officialOnly(commandPluginNeed(machine)),
        () => noReport,
        async () => {},
      ),
    ).rejects.toThrow("answered 404");
  });

  test("an installation that was cut off does not count", async () => {
    const machine = machineWithCli(await serveFiles({}));
    const folder = join(machine.pulumiHome, "plugins", `resource-command-v${VERSIONS.commandPlugin}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "pulumi-resource-command"), "");
    expect(await commandPluginNeed(machine).look()).toBeDefined();
    writeFileSync(`${folder}.partial`, "");
    expect(await commandPluginNeed(machine).look()).toBeUndefined();
  });

  test("a plugin built from other sources than this checkout's does not count", async () => {
    const machine = machineWithCli(await serveFiles({}));
    const folder = join(machine.pulumiHome, "plugins", `resource-command-v${VERSIONS.commandPlugin}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "pulumi-resource-command"), "");
    writeFileSync(join(folder, "berth-build"), "another key");
    expect(await commandPluginNeed(machine).look()).toBeUndefined();
  });
});
