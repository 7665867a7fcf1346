import { strings } from "@/shared/strings";

/** Says that the turn sent last began a branch, since this page did not know how the chat had gone on. */
export function BranchLine() {
  return (
    <p role="status" className="px-4 text-13 text-warn">
      {strings.composer.branched}
    </p>
  );
}
