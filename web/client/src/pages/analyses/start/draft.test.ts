import { expect, test } from "vitest";
import {
  apart,
  datasetsAgain,
  fromLines,
  fromUploads,
  grouped,
  itemsOf,
  problemWith,
  repeated,
  together,
} from "./draft";

let number = 0;
const dropped = (path: string) => {
  number += 1;
  return { key: `k${number}`, name: path.split("/").at(-1) ?? path, size: 10, path };
};
const uploaded = (datasets: ReturnType<typeof grouped>) =>
  datasets.map((dataset) => ({
    ...dataset,
    sources: dataset.sources.map((source) => ({ ...source, at: `upload:${source.name}` })),
  }));

test("each dropped file is a dataset, and the files of a folder are one together", () => {
  const found = grouped(["./a.tif", "/mouse/1.tif", "/mouse/deep/2.tif", "a.tif"].map(dropped));
  expect(found.map((one) => [one.name, one.sources.length])).toEqual([
    ["a.tif", 1],
    ["mouse", 2],
    ["a.tif", 1],
  ]);
  expect(new Set(found.map((one) => one.key)).size).toBe(3);
});

test("a file that was uploaded before is a dataset that the job is given as it is", () => {
  const datasets = fromUploads([{ id: "a1", name: "mouse.tif", size: 10 }]);
  expect(datasets).toMatchObject([{ name: "mouse.tif", sources: [{ size: 10, at: "upload:a1" }] }]);
  expect(itemsOf(datasets)).toEqual(["upload:a1"]);
});

test("what systems leave behind in folders is no data", () => {
  expect(grouped(["mouse/.DS_Store", "mouse/._a", "mouse/.zarray", ".DS_Store"].map(dropped))).toMatchObject([
    { name: "mouse", sources: [{ name: ".zarray" }] },
  ]);
});

test("items are there when all uploads are complete", () => {
  const datasets = grouped(["a.tif", "m/1.tif", "m/2.tif"].map(dropped));
  expect(itemsOf(datasets)).toBeNull();
  expect(itemsOf(uploaded(datasets))).toEqual(["upload:a.tif", { name: "m", data: ["upload:1.tif", "upload:2.tif"] }]);
});

test("a dataset that was given a name of its own keeps it", () => {
  const [one] = uploaded(grouped([dropped("a.tif")]));
  expect(one && itemsOf([{ ...one, name: "first mouse" }])).toEqual([{ name: "first mouse", data: "upload:a.tif" }]);
});

test("datasets are put together and taken apart again", () => {
  const [a, b, c] = grouped(["a", "b", "c"].map(dropped));
  if (!a || !b || !c) throw new Error("three were dropped");
  const joined = together([a, b, c], new Set([a.key, c.key]));
  expect(joined.map((one) => one.sources.map((source) => source.name))).toEqual([["a", "c"], ["b"]]);
  expect(apart(joined, a.key).map((one) => one.name)).toEqual(["a", "c", "b"]);
});

test("two files of one name in a dataset are told of before anything is uploaded in vain", () => {
  const [one] = grouped(["m/x/a.tif", "m/y/a.tif"].map(dropped));
  expect(one && problemWith(one)).toContain("a.tif");
  const [good] = grouped(["m/x/a.tif", "m/y/b.tif"].map(dropped));
  expect(good && problemWith(good)).toBeNull();
});

test("paths and addresses are datasets, one a line", () => {
  const found = fromLines(" /data/a.tif \n\ns3://b/mouse/\n", (at) => `p${at}`);
  expect(found.map((one) => one.name)).toEqual(["a.tif", "mouse"]);
  expect(itemsOf(found)).toEqual(["/data/a.tif", "s3://b/mouse/"]);
});

test("an earlier job is repeated with its uploads, options and configs of datasets", () => {
  const job = {
    name: "first",
    specification: {
      analysis: "x",
      name: "first",
      items: ["/u/1/file/a.tif", { data: ["/u/2/file/b.tif", "/elsewhere/c"], config: { gain: 3 } }],
      parameters: { table: "/u/3/file/t.csv", "a/b": "/l" },
      environment: { timeout_min: 5 },
      idempotency_key: "k",
    },
    references: {
      "/items/0": "upload:1",
      "/items/1/data/0": "upload:2",
      "/parameters/table": "upload:3",
      "/parameters/a~1b": "library:l",
      "/parameters/gone": "upload:9",
    },
  };
  const again = repeated(job);
  expect(again.options).toEqual({ environment: { timeout_min: 5 } });
  expect(again.parameters).toEqual({ table: "upload:3", "a/b": "library:l" });
  const datasets = datasetsAgain(again.items, job.specification.items);
  expect(datasets.map((one) => one.name)).toEqual(["a.tif", "b.tif"]);
  expect(itemsOf(datasets)).toEqual([
    "upload:1",
    { name: "b.tif", data: ["upload:2", "/elsewhere/c"], config: { gain: 3 } },
  ]);
  expect(job.specification.items[0]).toBe("/u/1/file/a.tif");
});
