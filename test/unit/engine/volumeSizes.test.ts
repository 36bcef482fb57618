import { sizesIn, volumeSizes } from "../../../engine/volumeSizes.ts";
import { useEngine } from "../../support/useEngine.ts";

const usage = (...sizes: number[]) => ({ Volumes: sizes.map((Size, index) => ({ Name: `v${index}`, UsageData: { Size } })) });

test("sizes are told as the docker command says them, and what the engine cannot tell is left out", () => {
  const sizes = sizesIn(usage(0, 999, 1200, 1_234_567, 1_200_000_000, 15_361_000_000_000, -1));
  expect([...sizes.values()]).toEqual(["0B", "999B", "1.2kB", "1.235MB", "1.2GB", "15.36TB"]);
  expect(sizesIn({ Volumes: null }).size).toBe(0);
  expect(sizesIn({ Volumes: [{ Name: "a" }, { Name: "b", UsageData: null }] }).size).toBe(0);
});

test("are unknown where counting takes too long, and only there", async () => {
  useEngine([{ to: "df", json: usage(1), seconds: 1 }]);
  expect(await volumeSizes(0.1)).toBeUndefined();
  expect(await volumeSizes(10)).toEqual(new Map([["v0", "1B"]]));
  useEngine([{ to: "df", status: 500, message: "a disk usage operation is already running" }]);
  await expect(volumeSizes()).rejects.toThrow(/refused how large its volumes are: a disk usage operation is already running/);
});
