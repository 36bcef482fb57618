/** How a program's questions are known: headers that they carry, and the variable that shortens their deadlines. */
export const WHO = "x-berth-who";
export const ASKS = "x-berth-asks";
/** So many times shorter. Default: 1. */
export const SHORTEN = "BERTH_TEST_SHORTEN";
