import {
  Anchor,
  AppShell,
  Burger,
  Container,
  Group,
  NavLink as Item,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlask, IconHelp, IconListDetails, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, NavLink, Outlet, useLocation, useNavigation, useRouteError } from "react-router";
import { useShutOut } from "./api/entry";
import { isUnreachable, queries } from "./api/queries";
import { SignOut } from "./auth/SignOut";
import { Nothing, ProblemAlert } from "./components/Feedback";
import { LeavingQuestion } from "./components/Leaving";
import { PageTitle } from "./components/PageTitle";
import { SchemeSwitch } from "./components/SchemeSwitch";
import classes from "./Shell.module.css";

const PLACES = [
  { to: "/search", label: "New search", icon: IconSearch },
  { to: "/analyses", label: "Analyses", icon: IconFlask },
  { to: "/jobs", label: "Jobs", icon: IconListDetails },
  { to: "/help", label: "Help", icon: IconHelp },
];

/** What all pages have around them. */
export function Shell() {
  const [open, menu] = useDisclosure(false);
  const { pathname } = useLocation();
  const leaving = useNavigation().state === "loading";
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 240, breakpoint: "sm", collapsed: { mobile: !open, desktop: true } }}
      padding="md"
    >
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="lg" wrap="nowrap">
            <Burger
              opened={open}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={open ? "Close the menu" : "Open the menu"}
              aria-expanded={open}
            />
            <UnstyledButton component={Link} to="/" className={classes.brand}>
              <img src="/icon.svg" alt="" width={26} height={26} />
              <Text fw={700} component="span">
                Skyburst
              </Text>
            </UnstyledButton>
            <Group component="nav" aria-label="Pages" gap={4} visibleFrom="sm">
              {PLACES.map(({ to, label, icon: Icon }) => (
                <NavLink key={to} to={to} className={classes.link ?? ""}>
                  <Icon size={18} aria-hidden />
                  {label}
                </NavLink>
              ))}
            </Group>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <SchemeSwitch />
            <SignOut />
          </Group>
        </Group>
      </AppShell.Header>
      {open && (
        <AppShell.Navbar p="sm" aria-label="Pages" hiddenFrom="sm">
          {PLACES.map(({ to, label, icon: Icon }) => (
            <Item
              key={to}
              component={Link}
              to={to}
              label={label}
              leftSection={<Icon size={18} aria-hidden />}
              active={pathname.startsWith(to)}
              onClick={menu.close}
            />
          ))}
        </AppShell.Navbar>
      )}
      <AppShell.Main id="main" tabIndex={-1}>
        <Connection />
        <Container size="xl" px={0} aria-busy={leaving}>
          <Outlet />
        </Container>
      </AppShell.Main>
      <LeavingQuestion />
    </AppShell>
  );
}

/** Says on every page that what is seen may be old, while the server does not answer, or lets the page in no more. */
function Connection() {
  const out = useShutOut();
  const { error } = useQuery({
    ...queries.about,
    refetchInterval: ({ state }) => {
      if (out) return 15_000;
      return state.status === "error" || state.fetchFailureCount > 0 ? 2_000 : 30_000;
    },
    retry: false,
  });
  if (out && !isUnreachable(error)) {
    return (
      <div className={classes.banner} role="status">
        This server was started anew: open the address that it printed last, and this page goes on.
      </div>
    );
  }
  if (!isUnreachable(error)) return null;
  return (
    <div className={classes.banner} role="status">
      The server cannot be reached; trying again. Jobs go on without this page.
    </div>
  );
}

/** Loads a page that failed again when the server answers that did not before; whether that is waited for. */
function useAgain(): boolean {
  const out = useShutOut();
  const { error, isSuccess, refetch } = useQuery({ ...queries.about, retry: false });
  const [waits, setWaits] = useState(false);
  const lost = out || isUnreachable(error);
  useEffect(() => {
    void refetch();
  }, [refetch]);
  useEffect(() => {
    if (lost) setWaits(true);
    else if (waits && isSuccess) location.reload();
  }, [lost, waits, isSuccess]);
  return waits;
}

/** A page that is not there. */
export function Missing() {
  return (
    <Nothing title="There is no such page">
      <Anchor component={Link} to="/">
        Back to the start
      </Anchor>
    </Nothing>
  );
}

/** What is shown when a page itself fails: never a white screen. */
export function Broken() {
  const error = useRouteError();
  const waits = useAgain();
  if (waits) {
    return (
      <>
        <PageTitle title="This page could not be loaded" />
        <Text>It comes by itself as soon as the server answers.</Text>
      </>
    );
  }
  return (
    <Container p="xl">
      <VisuallyHidden>
        <h1>This page failed</h1>
      </VisuallyHidden>
      <ProblemAlert title="This page failed" error={error} retry={() => location.reload()} />
    </Container>
  );
}
