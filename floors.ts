import type { Linter } from "eslint";

/**
 * The floors of the house, from the top: a file imports from its own folder and from the floors below, never from above or
 * from another folder of its own floor. Drawn in CONTRIBUTING.md, held by ESLint.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ["commands", "preflight"],
  ["components"],
  ["steps"],
  ["engine"],
  ["stack"],
  ["source"],
  ["release"],
  ["toolchain"],
  ["docker"],
  ["settings"],
];

/** The folders that a file of this folder may not import from. */
const forbiddenFor = (folder: string): string[] => {
  const own = FLOORS.findIndex((floor) => floor.includes(folder));
  return FLOORS.slice(0, own + 1)
    .flat()
    .filter((other) => other !== folder);
};

const stands = (folder: string, other: string): string =>
  FLOORS.some((floor) => floor.includes(folder) && floor.includes(other)) ? "beside" : "below";

/** ESLint's configuration: one entry for each folder that something is forbidden for. */
export const floorRules: Linter.Config[] = FLOORS.flat().map((folder) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...forbiddenFor(folder).map((other) => ({
            regex: `^(\\.\\./)+${other}/`,
            message: `${folder}/ stands ${stands(folder, other)} ${other}/ and must not know it: see the floors in CONTRIBUTING.md.`,
          })),
          ...(folder === "commands"
            ? []
            : [
                {
                  regex: "^(\\.\\./)+(index\\.ts$|test/)",
                  message: `${folder}/ must not know the program or the tests: see the floors in CONTRIBUTING.md.`,
                },
              ]),
        ],
      },
    ],
  },
}));
