import { type Answer, judge, parseAnswer, tally, type Tally } from "../../../steps/bake.ts";

const line = (more: object = {}) =>
  JSON.stringify({
    time: "2026-01-02T03:04:05Z",
    level: "INFO",
    msg: "Request",
    target: "web-1:3000",
    status: 200,
    duration: 12_000_000,
    ...more,
  });

describe("a line of the gateway's log", () => {
  test("tells of an answer who gave it, its status and its time in seconds", () => {
    expect(parseAnswer(line({ status: 503 }))).toEqual({ container: "web-1", status: 503, seconds: 0.012 });
  });

  test.each([
    ["about something else", JSON.stringify({ msg: "Healthcheck failed", target: "web-1:3000", status: 500 })],
    ["without a target, as of a held request", JSON.stringify({ msg: "Request", status: 503 })],
    ["cut off", line().slice(0, -20)],
    ["in plain text", 'time=now msg="Request"'],
    ["empty", ""],
  ])("that is %s tells of none", (_, text) => {
    expect(parseAnswer(text)).toBeUndefined();
  });
});

const answers = (...of: [number, number][]): Answer[] => of.map(([status, seconds]) => ({ container: "web-1", status, seconds }));

describe("a tally", () => {
  test("counts as errors the answers of 500 and above, and no other", () => {
    expect(tally(answers([200, 0], [404, 0], [499, 0], [500, 0], [503, 0]))).toMatchObject({ requests: 5, errors: 2 });
  });

  test("has the time that 95 of 100 answers kept, whatever order they came in", () => {
    const times = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(tally(answers(...times.map((seconds): [number, number] => [200, seconds]))).p95).toBe(95);
  });

  test("of one answer has its time, and of none nothing", () => {
    expect(tally(answers([200, 0.5])).p95).toBe(0.5);
    expect(tally([])).toEqual({ requests: 0, errors: 0, p95: 0 });
  });
});

describe("a release is judged", () => {
  const LIMITS = { errors: 5, slowdown: 3, minRequests: 20 };
  const now = (more: Partial<Tally>): Tally => ({ requests: 100, errors: 0, p95: 0.1, ...more });
  const before = (more: Partial<Tally> = {}): Tally => ({ requests: 100, errors: 0, p95: 0.1, ...more });
  const verdict = (of: Partial<Tally>, was: Partial<Tally> = {}, limits: Partial<typeof LIMITS> = {}) =>
    judge("web-1", now(of), before(was), { ...LIMITS, ...limits });

  test.each<[string, Partial<Tally>, Partial<Tally>, Partial<typeof LIMITS>]>([
    ["with as many errors as the limit lets pass", { errors: 5 }, {}, {}],
    ["with too few answers, though all were errors", { requests: 19, errors: 19 }, {}, {}],
    ["with errors only where all may be", { errors: 100 }, {}, { errors: 100 }],
    ["as slow as the factor lets it be", { p95: 3 }, { p95: 1 }, {}],
    ["slower by the factor, and by no more than a quarter of a second", { p95: 0.25 }, { p95: 0.001 }, {}],
    ["slower by a quarter of a second, and by less than the factor", { p95: 2.9 }, { p95: 1 }, {}],
    ["slower by far where that is not asked", { p95: 60 }, {}, { slowdown: 0 }],
    ["slower by far where there is too little to compare with", { p95: 60 }, { requests: 19 }, {}],
  ])("good enough %s", (_, of, was, limits) => {
    expect(verdict(of, was, limits)).toBeUndefined();
  });

  test("not good enough with one error more than the limit, in numbers", () => {
    expect(verdict({ errors: 6 })).toBe("6 of 100 answers of web-1 were errors (6.0 %, limit 5 %)");
  });

  test("not good enough with the first error where none is let pass", () => {
    expect(verdict({ requests: 1000, errors: 1 }, {}, { errors: 0 })).toBe("1 of 1000 answers of web-1 were errors (0.1 %, limit 0 %)");
  });

  test("from as many answers on as are asked for", () => {
    expect(verdict({ requests: 20, errors: 20 })).toBe("20 of 20 answers of web-1 were errors (100.0 %, limit 5 %)");
  });

  test("not good enough when it is slower than the factor, in numbers", () => {
    expect(verdict({ p95: 0.3512 })).toBe(
      "web-1 answers in 351 ms (95th percentile of 100), what was live before in 100 ms (limit 3 times that)",
    );
  });
});
