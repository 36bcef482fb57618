import { secretsOf, valuesFor } from "../../release/secretValues.ts";
import { carried, releaseOf, settingsOf } from "../support/configuration.ts";

const { secrets } = settingsOf({ secrets: { pin: "1234", token: "abc" } });

test("a release has today's values of its secrets, and no other's", async () => {
  expect(await valuesFor(secrets, releaseOf({ secrets: ["pin"] }))).toEqual({ pin: { base64: "MTIzNA==" } });
  expect(Object.keys(await valuesFor(secrets, releaseOf({ secrets: ["pin"] }), releaseOf({ secrets: ["token"] })))).toEqual([
    "pin",
    "token",
  ]);
});

test("a release whose secret is not set any more is refused, with the command that sets it", async () => {
  await expect(valuesFor(secrets, releaseOf(), releaseOf({ name: "aaaaaaaaaaaa", secrets: ["old", "pin"] }))).rejects.toThrow(
    "release aaaaaaaaaaaa needs the secret old, which is not set any more: pulumi config set --secret --path berth:secrets.old <value>, or choose another release (nothing was changed)",
  );
});

test("a process that is not named gets all secrets of its release, one that is named gets its own", () => {
  const release = releaseOf({ secrets: ["pin", "token"], settings: carried({ secretsFor: { mail: ["pin"], queue: [] } }) });
  expect(["web", "mail", "queue"].map((process) => secretsOf(release, process))).toEqual([["pin", "token"], ["pin"], []]);
});

describe("a program that tells a secret", () => {
  const told = { command: ["printf", "1234\\n"], timeout: 10 };

  test("is asked only where a release has that secret, and its value goes along with it", async () => {
    const set = { pin: told, token: { command: ["false"], timeout: 10 } };
    expect(await valuesFor(set, releaseOf({ secrets: ["pin"] }))).toEqual({ pin: { base64: "MTIzNA==", program: told } });
  });

  test("that fails stops all before anything is touched", async () => {
    await expect(valuesFor({ pin: { command: ["false"], timeout: 10 } }, releaseOf({ secrets: ["pin"] }))).rejects.toThrow(
      "berth:secrets.pin: false ended with exit code 1: it said nothing on standard error (nothing was changed)",
    );
  });
});
