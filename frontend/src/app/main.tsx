import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const root = document.getElementById("chattable");
if (root) createRoot(root).render(<StrictMode>Chattable</StrictMode>);
