import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { createBrowserRouter, Navigate } from "react-router";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "./api/queries";
import { Gate } from "./auth/Gate";
import { Broken, Missing, Shell } from "./Shell";
import { theme, variables } from "./theme";

// Each page is loaded when somebody first goes to it.
const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Broken />,
    hydrateFallbackElement: <Shell />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          // inside the frame, which stays
          { index: true, element: <Navigate to="/search" replace /> },
          { path: "search", lazy: async () => ({ Component: (await import("./pages/search/SearchPage")).SearchPage }) },
          {
            path: "analyses",
            lazy: async () => ({ Component: (await import("./pages/analyses/AnalysesPage")).AnalysesPage }),
          },
          {
            path: "analyses/:name",
            lazy: async () => ({ Component: (await import("./pages/analyses/AnalysisPage")).AnalysisPage }),
          },
          { path: "jobs", lazy: async () => ({ Component: (await import("./pages/jobs/JobsPage")).JobsPage }) },
          { path: "jobs/:jobId", lazy: async () => ({ Component: (await import("./pages/job/JobPage")).JobPage }) },
          { path: "help", lazy: async () => ({ Component: (await import("./pages/help/HelpPage")).HelpPage }) },
          {
            path: "profile",
            lazy: async () => ({ Component: (await import("./pages/profile/ProfilePage")).ProfilePage }),
          },
          { path: "*", element: <Missing /> },
        ],
      },
    ],
  },
]);

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <ModalsProvider>
          <Notifications position="bottom-right" />
          <Gate>
            <RouterProvider router={router} />
          </Gate>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
