/** Whether the long form of the tests is wanted; see `long.ts`. */
export const LONG = Boolean(process.env["BERTH_LONG"]);
