import "@mantine/core/styles.css";
import "@mantine/dropzone/styles.css";
import "@mantine/notifications/styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

// Parts of the page that were not loaded yet are gone when a newer version was put in place; without a server nothing would be
// won by loading the page again.
window.addEventListener("vite:preloadError", () => {
  fetch("/config.json", { cache: "no-store" }).then(
    () => location.reload(),
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
