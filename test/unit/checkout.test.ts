import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkOut, parseRemote } from "../../source/checkout.ts";
import { temporaryFolder } from "../support/folders.ts";
import { type Repository, repository } from "../support/repository.ts";
import { freePort } from "../support/freePort.ts";
import { webServer } from "../support/webServer.ts";

const home = process.cwd();
beforeEach(() => process.chdir(temporaryFolder()));
afterEach(() => process.chdir(home));

/** Serves a folder's files and nothing else: what Git calls a dumb server. */
const serve = (folder: string) =>
  webServer((request, response) => {
    const file = join(folder, new URL(request.url ?? "/", "http://localhost").pathname);
    createReadStream(file)
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });

const textOf = (context: string, file = "Dockerfile") => readFileSync(join(context, file), "utf8");
const messageOf = (remote: string) =>
  checkOut(remote).then(
    () => "fetched",
    (error: Error) => error.message,
  );

test.each([
  ["https://example.com/app.git", "git", "https://example.com/app.git", "HEAD", ""],
  ["https://example.com/app.git#main", "git", "https://example.com/app.git", "main", ""],
  ["https://example.com/app.git#main:web", "git", "https://example.com/app.git", "main", "web"],
  ["https://example.com/app.git#:/web/site/", "git", "https://example.com/app.git", "HEAD", "web/site"],
  ["https://example.com/app#v1", "git", "https://example.com/app", "v1", ""],
  ["git@example.com:me/app", "git", "git@example.com:me/app", "HEAD", ""],
  ["ssh://git@example.com/app#v1", "git", "ssh://git@example.com/app", "v1", ""],
  ["git://example.com/app", "git", "git://example.com/app", "HEAD", ""],
  ["file:///srv/app.tar", "git", "file:///srv/app.tar", "HEAD", ""],
  ["https://example.com/app.tar.gz", "archive", "https://example.com/app.tar.gz", "HEAD", ""],
  ["https://example.com/app.tgz#:app-1", "archive", "https://example.com/app.tgz", "HEAD", "app-1"],
  ["https://example.com/download", "archive", "https://example.com/download", "HEAD", ""],
])("%s is of the kind %s", (remote, kind, url, ref, folder) => {
  expect(parseRemote(remote)).toEqual({ kind, url, ref, folder });
});

describe.each(["a repository on a plain web server", "a repository that Git serves itself"])("%s", (name) => {
  let source: Repository;
  let first: string;
  let feature: string;
  let latest: string;
  let url: string;

  beforeAll(async () => {
    source = repository();
    first = source.commit({ Dockerfile: "FROM one", "web/Dockerfile": "FROM web" });
    source.git("tag", "--annotate", "v1", "--message", "The first");
    source.git("checkout", "--quiet", "-b", "feature/main");
    feature = source.commit({ Dockerfile: "FROM feature" });
    source.git("checkout", "--quiet", "main");
    latest = source.commit({ Dockerfile: "FROM two" });
    source.git("update-server-info");
    url = name.includes("web") ? `${await serve(source.folder)}/.git` : `file://${source.folder}`;
  });

  test("is checked out at its head where nothing else is said", async () => {
    const { context, revision } = await checkOut(url);
    expect([revision, context, textOf(context)]).toEqual([latest, `.berth/checkouts/${latest}`, "FROM two"]);
    expect(existsSync(join(context, ".git"))).toBe(false);
  });

  test("is checked out at a branch, also where another branch's name ends the same", async () => {
    const { context, revision } = await checkOut(`${url}#main`);
    expect([revision, textOf(context)]).toEqual([latest, "FROM two"]);
  });

  test("is checked out at a branch that is not its head", async () => {
    const { context, revision } = await checkOut(`${url}#feature/main`);
    expect([revision, textOf(context)]).toEqual([feature, "FROM feature"]);
  });

  test("is checked out at the commit of a tag, and in a folder", async () => {
    const { context, revision } = await checkOut(`${url}#v1:web`);
    expect([revision, context, textOf(context)]).toEqual([first, `.berth/checkouts/${first}/web`, "FROM web"]);
  });

  test("is checked out at a commit", async () => {
    expect(textOf((await checkOut(`${url}#${first}`)).context)).toBe("FROM one");
  });

  test("without the branch is refused, and nothing is left behind", async () => {
    expect(await messageOf(`${url}#missing`)).toBe(
      `berth:build.remoteContext ${url}#missing cannot be fetched: it has no branch or tag missing. Check the URL and your access to it.`,
    );
    expect(existsSync(".berth/checkouts")).toBe(false);
  });

  test("without the folder is refused", async () => {
    expect(await messageOf(`${url}#main:nowhere`)).toContain(" cannot be fetched: it has no folder nowhere. ");
    expect(await messageOf(`${url}#main:../..`)).toContain(" cannot be fetched: it has no folder ../... ");
  });

  test("without the commit is refused, and no half of it stays", async () => {
    expect(await messageOf(`${url}#${"0".repeat(40)}`)).toContain(" cannot be fetched: fatal: ");
    expect(readdirSync(".berth/checkouts")).toEqual([]);
  });

  test("is not fetched twice: a commit that is there needs no server", async () => {
    await checkOut(url);
    const { context } = await checkOut(`https://unreachable.invalid/app.git#${latest}`);
    expect(textOf(context)).toBe("FROM two");
  });

  test("is fetched once where two ask at the same time", async () => {
    const [one, other] = await Promise.all([checkOut(url), checkOut(url)]);
    expect(one).toEqual(other);
    expect(readdirSync(".berth/checkouts")).toEqual([latest]);
  });
});

describe("an archive", () => {
  const archive = (...words: string[]) => {
    const folder = temporaryFolder({ Dockerfile: "FROM archive", "web/Dockerfile": "FROM web" });
    return execFileSync("tar", ["--create", "--directory", folder, ...words, "."]);
  };

  test.each([
    ["plain", []],
    ["compressed", ["--gzip"]],
  ])("that is %s is unpacked, and named by its content", async (_, words) => {
    const bytes = archive(...words);
    const server = await webServer((_, response) => response.end(bytes));
    const { context, revision } = await checkOut(`${server}/app.tar`);
    expect(textOf(context)).toBe("FROM archive");
    expect(context).toBe(`.berth/checkouts/${revision}`);
    expect(readdirSync(".berth/checkouts")).toEqual([revision]);
  });

  test("has a folder in it for the context, as the archives of Git sites do", async () => {
    const bytes = archive();
    const server = await webServer((_, response) => response.end(bytes));
    expect(textOf((await checkOut(`${server}/app.tar.gz#:web`)).context)).toBe("FROM web");
  });

  test("that is not there is refused with the server's answer", async () => {
    const server = await webServer((_, response) => response.writeHead(404).end("no"));
    expect(await messageOf(`${server}/app.tar`)).toBe(
      `berth:build.remoteContext ${server}/app.tar cannot be fetched: HTTP 404. Check the URL and your access to it.`,
    );
  });

  test("that is none is refused, and nothing of it stays", async () => {
    const server = await webServer((_, response) => response.end("<html>Please log in</html>"));
    expect(await messageOf(`${server}/app.tar`)).toContain(" cannot be fetched: tar: This does not look like a tar archive. ");
    expect(readdirSync(".berth/checkouts")).toEqual([]);
  });
});

describe("a server that cannot be reached", () => {
  test.each([".git", ".tar"])("is named with the reason for a %s", async (ending) => {
    const address = `127.0.0.1:${await freePort()}`;
    const message = await messageOf(`http://me:hunter2@${address}/app${ending}`);
    expect(message).toMatch(
      new RegExp(
        `^berth:build.remoteContext http://\\*\\*\\*@${address}/app${ending} cannot be fetched: .*(Failed to connect|ECONNREFUSED|includes credentials)`,
      ),
    );
    expect(message).not.toContain("hunter2");
  });

  test("that wants a password is not waited for", async () => {
    const server = await webServer((_, response) => response.writeHead(401, { "WWW-Authenticate": "Basic" }).end());
    expect(await messageOf(`${server}/app.git`)).toContain("terminal prompts disabled");
  });
});

test("a machine without Git is told so", async () => {
  const path = process.env["PATH"];
  process.env["PATH"] = temporaryFolder();
  try {
    expect(await messageOf("https://example.com/app.git")).toContain(" cannot be fetched: the command git is missing. ");
  } finally {
    process.env["PATH"] = path;
  }
});
