import { findVolumeProblems, renamedVolumes } from "../../preflight/volumes.ts";
import { chooseEngine } from "../../engine/engine.ts";
import type { VolumeSettings } from "../../settings/settings.ts";
import { carried, OWNER, releaseOf, settingsOf } from "../support/configuration.ts";
import { type Answer, fakeEngine } from "../support/fakeEngine.ts";

const data: VolumeSettings = { name: "data", target: "/data" };
const notes: VolumeSettings = { name: "notes", target: "/data" };

test.each<[string, VolumeSettings[], VolumeSettings[], number]>([
  ["the same", [data], [data], 0],
  ["another name at the same target", [data], [notes], 1],
  ["the engine's own name for it", [data], [{ ...notes, existing: "berth-dev-data-volume-1" }], 0],
  ["another target", [data], [{ ...data, target: "/moved" }], 0],
  ["none", [data], [], 0],
  ["a first one", [], [data], 0],
  ["one more beside it", [data], [{ ...data, target: "/moved" }, notes], 0],
  ["a volume of Berth in place of one that was there", [{ ...data, existing: "old" }], [data], 1],
])("after what is live, %s", (_, live, next, problems) => expect(renamedVolumes(live, next)).toHaveLength(problems));

describe("before anything is declared", () => {
  const problems = (
    volumes: readonly VolumeSettings[],
    { live = [] as readonly VolumeSettings[], config = {}, answers = [] as readonly Answer[] } = {},
  ) => {
    chooseEngine({ host: fakeEngine(answers).host, from: "the test" });
    return findVolumeProblems(
      OWNER,
      settingsOf(config),
      releaseOf({ settings: carried({ volumes }) }),
      releaseOf({ settings: carried({ volumes: live }) }),
    );
  };

  test("a volume of another name is refused with the way to keep its data", async () => {
    expect(
      await problems([notes], {
        live: [data],
        answers: [
          {
            to: "volumes label=berth.project=berth label=berth.stack=dev label=berth.part=data label=berth.volume=data dangling=false",
            json: { Volumes: [{ Name: "berth-dev-data-volume-1" }] },
          },
        ],
      }),
    ).toEqual([
      "berth:volumes[0].name is notes, but the data at /data are in volume data, and the app would begin without them: to keep them under the new name, pulumi config set --path 'berth:volumes[0].existing' berth-dev-data-volume-1; to begin anew, take the entry out, run the update, and put it in again",
    ]);
  });

  test("a release that is brought back may have its own names", async () => {
    expect(await problems([notes], { live: [data], config: { release: "3f9a1c2b7d4e" } })).toEqual([]);
  });

  test.each([
    [undefined, undefined],
    ["data", undefined],
    ["gateway", "berth:volumes[0].existing is old, which Berth itself uses for its gateway: name another one"],
  ])("an existing volume with the part %p", async (part, problem) => {
    expect(
      await problems([{ ...data, existing: "old" }], {
        answers: [{ to: "volume old", json: { Name: "old", Labels: part === undefined ? null : { "berth.part": part } } }],
      }),
    ).toEqual(problem ? [problem] : []);
  });

  test("an existing volume that is not there is never made by the engine", async () => {
    expect(await problems([{ ...data, existing: "old" }], { answers: [{ to: "volume old", status: 404 }] })).toEqual([
      "berth:volumes[0].existing is old, which is no volume on the engine: see docker volume ls, or leave it out and Berth makes one",
    ]);
  });

  test("an existing volume that the engine cannot tell of is neither there nor missing", async () => {
    await expect(
      problems([{ ...data, existing: "old" }], { answers: [{ to: "volume old", status: 500, message: "disk on fire" }] }),
    ).rejects.toThrow("refused volume old: disk on fire");
  });

  test("a seed that is not there is told of", async () => {
    expect(await problems([data], { config: { volumes: [{ ...data, seed: "nowhere" }] } })).toEqual([
      "the seed of volume data is nowhere, which does not exist: make the folder, or leave the seed out",
    ]);
    expect(await problems([data], { config: { volumes: [{ ...data, seed: "docs" }] } })).toEqual([]);
    expect(await problems([data], { config: { volumes: [{ ...data, seed: { image: "/nowhere" } }] } })).toEqual([]);
  });
});
