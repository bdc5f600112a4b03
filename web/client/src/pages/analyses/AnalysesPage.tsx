import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import type { Analysis } from "../../api/client";
import { queries } from "../../api/queries";
import { Found, Nothing } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { SearchField } from "../../components/SearchField";
import classes from "./AnalysesPage.module.css";
import { kindOf, sentence } from "./kinds";

/** All that can be run. */
export function AnalysesPage() {
  const analyses = useQuery(queries.analyses);
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("q") ?? "";
  return (
    <>
      <PageTitle title="Analyses">
        <SearchField
          label="Search analyses"
          placeholder="Search"
          value={wanted}
          onChange={(q) => setSearch(q === "" ? {} : { q }, { replace: true })}
        />
      </PageTitle>
      <Found query={analyses}>
        {(all) => {
          const shown = all.filter((one) => matches(one, wanted));
          return shown.length === 0 ? (
            <Nothing title={all.length === 0 ? "There are no analyses" : "No analysis matches"}>
              <Text size="sm">
                {all.length === 0
                  ? "Folders with a blueprint.toml that SKYBURST_PATH names are shown here."
                  : "Their names, titles and descriptions are searched."}
              </Text>
            </Nothing>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} component="ul" p={0} m={0} className={classes.cards ?? ""}>
              {shown.map((one) => (
                <AnalysisCard key={one.name} analysis={one} />
              ))}
            </SimpleGrid>
          );
        }}
      </Found>
    </>
  );
}

function AnalysisCard({ analysis }: { analysis: Analysis }) {
  return (
    <Card component="li" withBorder padding="md" className={classes.card ?? ""}>
      <Stack gap="xs" h="100%">
        <Title order={2} size="h4">
          <Anchor
            component={Link}
            inherit
            to={`/analyses/${encodeURIComponent(analysis.name)}`}
            className={classes.title ?? ""}
          >
            {analysis.title || analysis.name}
          </Anchor>
        </Title>
        <Group gap={6}>
          <Badge variant="light" tt="none">
            {kindOf(analysis)}
          </Badge>
          <Badge variant="default" tt="none">
            {analysis.name} {analysis.version}
          </Badge>
          {analysis.refused != null && (
            <Badge variant="light" color="orange" tt="none">
              not allowed
            </Badge>
          )}
        </Group>
        <Text size="sm" style={{ flexGrow: 1 }}>
          {analysis.description}
        </Text>
        <Text size="xs" c="dimmed">
          {sentence(analysis.compute)}
          {analysis.next.length > 0 && `. Followed by ${analysis.next.join(", ")}`}
        </Text>
      </Stack>
    </Card>
  );
}

/** Whether all words of a search are in what is said of an analysis. */
function matches(analysis: Analysis, wanted: string): boolean {
  const said = `${analysis.name} ${analysis.title} ${analysis.description} ${kindOf(analysis)}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => said.includes(word));
}
