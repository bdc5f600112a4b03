import "@mantine/core/styles.css";
import "@mantine/dropzone/styles.css";
import "@mantine/notifications/styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

// Parts of the page that were not loaded yet are gone when a newer version was put in place; without a server nothing would be
// won by loading the page again.
// A part that is still missing then is told of by the page itself, which would else be loaded without end.
const RELOADED = "skyburst.reloaded";
const LATELY_MS = 60_000;
window.addEventListener("vite:preloadError", () => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < LATELY_MS) return;
  fetch("/config.json", { cache: "no-store" }).then(
    ({ status }) => {
      if (status === 401) return; // the server was started anew, and would refuse the page, too, which says so
      sessionStorage.setItem(RELOADED, String(Date.now()));
      location.reload();
    },
    () => undefined, // the page says already that the server cannot be reached
  );
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
