import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { strings } from "@/shared/strings";
import { isComposing } from "./composing";
import { IconButton } from "./icon-button";
import { CloseIcon } from "./icons";
import { usePortalRoot } from "./portal-root";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** A question that must be answered before anything else. */
  alert?: boolean;
  /** A sheet at the start side instead of a box in the middle. */
  sheet?: boolean;
  onCloseAutoFocus?: (event: Event) => void;
  children: ReactNode;
}

const box =
  "inset-x-4 top-[12vh] mx-auto flex max-h-[76vh] max-w-dialog flex-col rounded-block border border-line";
const side = "inset-y-0 start-0 w-[min(var(--ct-sidebar),85vw)] border-e border-line";

/** Holds the focus until it is closed, and gives it back. The veil is ours: Radix's own writes a style element. */
export function Dialog({
  open,
  onOpenChange,
  title,
  alert,
  sheet,
  onCloseAutoFocus,
  children,
}: Props) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal container={usePortalRoot()}>
        <div className="fixed inset-0 z-30 animate-appear bg-veil" />
        <Radix.Content
          role={alert ? "alertdialog" : "dialog"}
          aria-describedby={undefined}
          onCloseAutoFocus={onCloseAutoFocus}
          onEscapeKeyDown={(event) => isComposing(event) && event.preventDefault()}
          className={`fixed z-30 animate-appear bg-raised shadow-float outline-none ${sheet ? side : box}`}
        >
          <Radix.Title
            className={sheet ? "sr-only" : "ps-6 pe-14 pt-6 pb-3 text-18 font-strong hyphens-auto"}
          >
            {title}
          </Radix.Title>
          {sheet ? children : <div className="overflow-y-auto px-6 pt-1 pb-6">{children}</div>}
          {!alert && !sheet && (
            <Radix.Close asChild>
              <IconButton
                label={strings.app.close}
                icon={<CloseIcon />}
                className="absolute end-4 top-5 pointer-coarse:end-3 pointer-coarse:top-3.5"
              />
            </Radix.Close>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
