import { expect, test } from "vitest";
import { above, asText, cells, fileTree, pretty, type TreeNode, viewOf } from "./fileTree";

const shape = (nodes: TreeNode[]): unknown[] =>
  nodes.map((node) => (node.children === null ? node.label : [node.label, ...shape(node.children)]));

test("folders come before files, and numbers in their order", () => {
  const files = ["b.txt", "a10.txt", "a9.txt", "runs/2/x", "runs/10/x", "runs/2/y"].map((name) => ({ name, size: 1 }));
  expect(shape(fileTree(files))).toEqual([["runs", ["2", "x", "y"], ["10", "x"]], "a9.txt", "a10.txt", "b.txt"]);
});

test("a folder has the sizes and the number of all that is in it", () => {
  const [top] = fileTree([
    { name: "a/b/c.txt", size: 5 },
    { name: "a/d.txt", size: 7 },
  ]);
  expect([top?.size, top?.files, top?.path]).toEqual([12, 2, "a"]);
});

test("the folders above a file are known, so that it can be shown in its place", () => {
  expect(above("a/b/c.txt")).toEqual(["a/b", "a"]);
  expect(above("c.txt")).toEqual([]);
});

test("files are shown by their names", () => {
  expect(viewOf("a/matches.HTML")).toBe("html");
  expect(viewOf("lines")).toBe("text");
  expect(viewOf("a.b/volume.nrrd")).toBe("none");
  expect(viewOf("datasets.csv")).toBe("table");
});

test("bytes that are no text are not shown as text, and a character that is cut is left away", () => {
  const bytes = new TextEncoder().encode("naïve");
  expect(asText(bytes, true)).toBe("naïve");
  expect(asText(bytes.slice(0, 3), false)).toBe("na");
  expect(asText(new Uint8Array([0x89, 0x50, 0, 1]), true)).toBeNull();
  expect(asText(new Uint8Array([0xff, 0xfe, 0x41]), true)).toBeNull();
});

test("JSON is set out, and what is none stays", () => {
  expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(pretty("{a")).toBe("{a");
});

test("cells may have separators, quotes and lines in them", () => {
  expect(cells('a,b\r\n"1,2","say ""hi""\nthere"\n3,', ",", 10)).toEqual([
    ["a", "b"],
    ["1,2", 'say "hi"\nthere'],
    ["3", ""],
  ]);
  expect(cells("a\nb\nc", ",", 2)).toEqual([["a"], ["b"]]);
});
