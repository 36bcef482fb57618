import { meet, type Found, type Need, type Source } from "../../../toolchain/need.ts";
import { setUp } from "../../../toolchain/setup.ts";
import { UserError } from "../../../settings/userError.ts";

const FOUND: Found = { version: "1", place: "/somewhere", from: "test" };
const noWait = async () => {};
const begin = () => () => {};

function source(from: string, get: () => void | Promise<void>, obstacle?: string): Source {
  return { from, typicalSeconds: 1, obstacle: async () => obstacle, get: async () => get() };
}

function need(name: string, sources: Source[], isThere: () => boolean): Need {
  return { name, wanted: "1", byHand: `Install ${name}.`, sources, look: async () => (isThere() ? FOUND : undefined) };
}

test("the first source that works is the last one tried", async () => {
  const taken: string[] = [];
  let there = false;
  const tool = need(
    "tool",
    [
      source("closed", () => void taken.push("closed"), "the machine is offline"),
      source("broken", () => {
        taken.push("broken");
        throw new Error("disk full");
      }),
      source("works", () => {
        taken.push("works");
        there = true;
      }),
      source("later", () => void taken.push("later")),
    ],
    () => there,
  );
  expect(await meet(tool, begin, noWait)).toBe(FOUND);
  expect(taken).toEqual(["broken", "works"]);
});

test("where none works the error names the need, what to do by hand, and each source's reason", async () => {
  const sources = [
    source("official download", () => {}, "out of reach"),
    source("built", () => {
      throw new Error("no compiler");
    }),
    source("copied", () => {}),
  ];
  await expect(
    meet(
      need("tool", sources, () => false),
      begin,
      noWait,
    ),
  ).rejects.toThrow(
    "tool 1 is missing. Install tool.\n" +
      "  official download: out of reach\n" +
      "  built: no compiler\n" +
      "  copied: it ran without an error, but tool 1 is still not found",
  );
});

test("set-up takes no source of a need that is met", async () => {
  const get = jest.fn();
  await setUp("/checkout", { needs: [need("tool", [source("built", get)], () => true)], progress: "none" });
  expect(get).not.toHaveBeenCalled();
});

test("a source can wait for another need, whichever comes first in the list", async () => {
  const order: string[] = [];
  const done = new Set<string>();
  const finish = (name: string) => {
    order.push(name);
    done.add(name);
  };
  const plugin: Need = {
    ...need("plugin", [], () => done.has("plugin")),
    sources: [
      {
        ...source("built", () => {}),
        get: async (_report, waitFor) => {
          await waitFor("cli");
          await waitFor("something that was there from the start");
          finish("plugin");
        },
      },
    ],
  };
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => finish("cli"));
  const cli = need("cli", [source("built", slow)], () => done.has("cli"));
  await setUp("/checkout", { needs: [plugin, cli], progress: "none" });
  expect(order).toEqual(["cli", "plugin"]);
});

test("what is in another need is looked for again once that one is met", async () => {
  let running = false;
  const get = jest.fn();
  const image: Need = { ...need("image", [source("built", get)], () => running), within: "engine" };
  const engine = need("engine", [source("started", () => void (running = true))], () => running);
  await setUp("/checkout", { needs: [image, engine], progress: "none" });
  expect(get).not.toHaveBeenCalled();
});

test("a need that cannot be met fails set-up with an error for the user", async () => {
  const failing = setUp("/checkout", { needs: [need("tool", [], () => false)], progress: "none" });
  await expect(failing).rejects.toThrow(UserError);
  await expect(failing).rejects.toThrow("tool 1 is missing. Install tool.");
});
