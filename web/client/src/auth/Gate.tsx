import { Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { config } from "../api/config";
import { ProblemAlert } from "../components/Feedback";

const SignIn = lazy(() => import("./SignIn"));

/** Lets those in who may be: on one's own machine everybody who has the page, else who has signed in. */
export function Gate({ children }: { children: ReactNode }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["config"],
    queryFn: config,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error !== null) return <ProblemAlert error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Waiting />;
  if (data.auth === null) return children;
  return (
    <Suspense fallback={<Waiting />}>
      <SignIn auth={data.auth}>{children}</SignIn>
    </Suspense>
  );
}

function Waiting() {
  return (
    <Center h="100vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
