import { Accordion, Code, List, Text } from "@mantine/core";
import type { Analysis } from "../../api/client";
import { properties } from "../../components/schema";
import { searchesByMask, takes } from "./kinds";

/** What to do to run an analysis, here and from the command line. */
export function HowToUse({ analysis }: { analysis: Analysis }) {
  return (
    <Accordion variant="contained">
      <Accordion.Item value="how">
        <Accordion.Control>
          <Text size="sm" fw={500}>
            How to use it
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <List type="ordered" size="sm" spacing={4} mb="sm">
            {steps(analysis).map((step) => (
              <List.Item key={step}>{step}</List.Item>
            ))}
          </List>
          <Text size="sm" mb={4}>
            The same from the command line:
          </Text>
          <Code block>{command(analysis)}</Code>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function steps(analysis: Analysis): string[] {
  const parameters = properties(analysis.parameters);
  const config =
    parameters.length === 0
      ? []
      : [
          `See whether the configuration suits your data: ${parameters.map(([name, one]) => one.title ?? name).join(", ")}.`,
        ];
  switch (searchesByMask(analysis) ? "search" : takes(analysis)) {
    case "search":
      return [
        "Go to New search, and drop or pick an image.",
        "Draw around what you look for, and choose the libraries.",
        "Start, and watch the matches appear.",
      ];
    case "datasets":
      return [
        "Drop your data: each file is a dataset, and a folder is one dataset of all its files. The analysis runs once for each dataset.",
        ...config,
        "Look at the time and the cost, and start.",
        "Watch each dataset with its log. Datasets that fail do not hold up the others, and say why.",
        "Look at the results in the page, or download them. The certificate says what was run on what.",
      ];
    default:
      return [
        takes(analysis) === "parameters"
          ? "The analysis lists what it runs over by itself, from its configuration."
          : "Name the items that it runs over.",
        ...config,
        "Look at the time and the cost, and start.",
      ];
  }
}

function command(analysis: Analysis): string {
  const required = (analysis.parameters?.required ?? []) as string[];
  const set = required.map((name) => ` --set ${name}=...`).join("");
  const items = { datasets: " --items FILE1,FILE2", items: " --items NAME1,NAME2", parameters: "" }[takes(analysis)];
  return `skyburst run ${analysis.name}${items}${set}\nskyburst status last\nskyburst result last --output results`;
}
