import { Anchor, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Profile } from "../../api/client";
import { queries } from "../../api/queries";
import { account } from "../../auth/account";
import { Found } from "../../components/Feedback";
import { PageTitle } from "../../components/PageTitle";
import { Section } from "../../components/Section";
import { PasswordForm } from "./PasswordForm";
import classes from "./ProfilePage.module.css";

const MESSAGES = {
  always: "of every end of a job",
  failures: "of jobs that do not succeed",
  never: "none, but those that a job asks for",
};

/** Who one is to the operator, and what one may run. */
export function ProfilePage() {
  const profile = useQuery(queries.profile);
  const analyses = useQuery(queries.analyses);
  return (
    <>
      <PageTitle title="Profile" />
      <Stack gap="md" maw={820}>
        <Section title="You">
          <Found query={profile}>{(found) => <Facts profile={found} />}</Found>
        </Section>
        <Section title="What you may run">
          <Found query={analyses}>
            {(all) => (
              <List spacing="xs" listStyleType="none">
                {all.map((one) => (
                  <List.Item key={one.name}>
                    <Anchor component={Link} to={`/analyses/${encodeURIComponent(one.name)}`} underline="always">
                      {one.title || one.name}
                    </Anchor>
                    {one.refused != null && (
                      <Text size="sm" c="dimmed">
                        Not allowed: {one.refused}
                      </Text>
                    )}
                  </List.Item>
                ))}
              </List>
            )}
          </Found>
        </Section>
        {account() !== null && (
          <Section title="Password">
            <PasswordForm />
          </Section>
        )}
      </Stack>
    </>
  );
}

function Facts({ profile }: { profile: Profile }) {
  if (profile.user === null) return <Text size="sm">On this machine there is one user, who may do everything.</Text>;
  const facts: [string, string][] = [
    ["User", profile.user],
    ["Name", profile.full_name || "not given"],
    ["E-mail", profile.email ?? "not given"],
    ["Group", profile.group ?? "none"],
    ["Messages", profile.notify === null ? MESSAGES.never : MESSAGES[profile.notify]],
  ];
  return (
    <>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {profile.administrator && <Text size="sm">You see the jobs of everybody.</Text>}
      {profile.approved === false && <Text size="sm">You are not approved yet: the operator does that.</Text>}
      {profile.approved === null && <Text size="sm">The operator has no profile of you.</Text>}
    </>
  );
}
