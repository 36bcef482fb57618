import { buildStory, failureOf } from "../../../stack/failure.ts";

const log = (...messages: [severity: string, message: string][]) =>
  messages.map(([severity, message]) => JSON.stringify({ diagnosticEvent: { severity, message } })).join("\n");

describe("failureOf", () => {
  test("gives the first error in its own words, without Pulumi's frame around a step", () => {
    const framed = 'error: exit status 1: running "node steps/gate.ts":\nrelease b is not healthy\n  last answer: 500';
    expect(failureOf(log(["info", "starting"], ["error", framed], ["error", "another"]))).toBe(
      "release b is not healthy\n  last answer: 500",
    );
  });

  test.each([
    ["colour codes", "\u001b[31mno space left\u001b[0m", "no space left"],
    ["Pulumi's colour marks", "<{%fg 1%}>no space left<{%reset%}>", "no space left"],
    [
      "several frames",
      "error: 1 error occurred:\n\t* creating urn:pulumi:dev::berth::x::y: sdk-v2/provider2.go:572: sdk.helper_schema: no such network",
      "no such network",
    ],
  ])("takes away %s", (_, message, cause) => {
    expect(failureOf(log(["error", message]))).toBe(cause);
  });

  test("passes over Pulumi's summary of a failure, and over a plugin's repetition where there is a better one", () => {
    expect(
      failureOf(log(["error", "update failed"], ["error", "no such image provider=docker@5.2.0"], ["error", "the image is gone"])),
    ).toBe("the image is gone");
    expect(failureOf(log(["error", "update failed"], ["error", "no such image provider=docker@5.2.0"]))).toBe(
      "no such image provider=docker@5.2.0",
    );
  });

  test.each([
    ["an empty log", ""],
    ["a log without an error", log(["warning", "old"])],
    ["a log that was cut off in its only error", log(["error", "lost"]).slice(0, -3)],
    ["other lines", "Previewing update\n"],
  ])("finds nothing in %s", (_, text) => {
    expect(failureOf(text)).toBeUndefined();
  });
});

describe("buildStory", () => {
  test("keeps what the build's programs said, not how it went on", () => {
    const said =
      "#5 [2/3] RUN npm ci\n#5 CACHED\n#6 transferring context: 2kB\n#6 DONE 0.1s\n\n#7 npm error missing: left-pad\n#7 sha256:12ab 10MB";
    expect(buildStory(said)).toBe("    [2/3] RUN npm ci\n    npm error missing: left-pad");
  });

  test("is the end of a long log", () => {
    const lines = buildStory(Array.from({ length: 100 }, (_, index) => `#1 line ${index}`).join("\n")).split("\n");
    expect(lines).toHaveLength(25);
    expect(lines.at(-1)).toBe("    line 99");
  });
});
