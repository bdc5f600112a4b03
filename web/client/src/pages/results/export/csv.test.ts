import { expect, test } from "vitest";
import { matchOf } from "../match";
import { csvOf, type Row } from "./csv";

function row(publishedName: string, more: Record<string, unknown> = {}): Row {
  const image = { id: "i", publishedName, files: { CDM: "a.tif" }, ...more };
  const match = matchOf({ image, normalizedScore: -3.5, matchingPixels: 12, mirrored: true });
  if (match === null) throw new Error("no match");
  return { number: 1, rank: 7, match };
}

const lines = (text: string) => text.slice(1).split("\r\n");

test("the columns are those of NeuronBridge, then ours", () => {
  expect(lines(csvOf([]))[0]).toBe(
    "Number,Line/Neuron ID,Rank,Score,Matched Pixels,Library,Channel,Magnification,Slide Code,Sex,Alignment Space," +
      "Mounting Protocol,Anatomical Area,Neuron Type/Instance,Mirrored,Image",
  );
});

test("cells are where their columns are", () => {
  const more = { libraryName: "brains", channel: 2, objective: "40x", neuronType: "PN", neuronInstance: "PN_R" };
  expect(lines(csvOf([row("R1", more)]))[1]).toBe("1,R1,7,-3.5,12,brains,2,40x,,,,,,PN/PN_R,yes,i");
});

test("commas, quotes and ends of lines stay in their cell", () => {
  expect(csvOf([row('a,"b"\nc')])).toContain('1,"a,""b""\nc",7');
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
  "%j is no formula, and numbers below zero are numbers",
  (text) => {
    const csv = csvOf([row(text)]);
    expect(csv).toContain(`'${text}`);
    expect(csv).toContain(",-3.5,");
  },
);
