import "@/shared/ui/styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followTheme } from "@/shared/settings";
import { App } from "./app";

const root = document.getElementById("chattable");
if (root) {
  followTheme(root);
  createRoot(root).render(
    <StrictMode>
      <App root={root} />
    </StrictMode>,
  );
}
