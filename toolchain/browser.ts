import { aptInstall, aptObstacle } from "./apt.ts";
import type { Need } from "./need.ts";
import { findOnPath } from "./path.ts";

const PROGRAM = "chromium";

/** The browser in which the tests look at the example's page. Nothing else needs it. */
export function browserNeed(): Need {
  return {
    name: "browser",
    wanted: "Chromium, for the tests of the page",
    look: async () => {
      const place = browser();
      return place === undefined ? undefined : { version: "-", place, from: "already on this machine" };
    },
    byHand: "Install Chromium and put it on PATH, or the tests of the page are skipped.",
    sources: [
      {
        from: "Debian packages",
        typicalSeconds: 60,
        obstacle: async () => aptObstacle(),
        get: (report) => aptInstall([PROGRAM, "fonts-dejavu-core"], report),
      },
    ],
  };
}

/** The browser's program; undefined where there is none. */
export const browser = (): string | undefined => findOnPath(PROGRAM, process.env.PATH);
